/* Fully connected layers on int8 activations, with weights of 8, 4 or 2 bits.
 *
 * output[o] = saturate(requantise(bias[o] + sum_i weights[o][i] * input[i], multiplier[o])) */
#ifndef PROOFBOARD_DENSE_H
#define PROOFBOARD_DENSE_H

#include <stdint.h>

/* `packed` holds the rows in groups of four, then the last outputs % 4 rows one by one. A group is
 * a word of weights per row for each 4, 8 or 16 columns, the last filled up with zeros; then a bias
 * per row; then a multiplier per row, in 1..2^31 - 1. It is constant and lives as long as the
 * image. */
typedef struct {
    uint16_t inputs;
    uint16_t outputs;
    const uint32_t *packed;
} pb_dense;

/* All functions:
 *   input    int8 [inputs], in -127..127, aligned to 4. Up to 3 bytes behind it are read, of the
 * same aligned word, and don't matter. output   int8 [outputs], in -127..127, aligned to 4; of the
 * functions named s16 int16 [outputs], saturated: the last layer, so that near ties stay visible.
 *   scratch  PB_DENSE_SCRATCH(inputs) bytes of any content, aligned to 4.
 * The caller owns all of them. They don't overlap, but the output may begin where the input does:
 * all of the input has been read when the first output is written.
 *
 * Why nothing overflows: the generator has checked that |bias| + 127 * sum |w| < 2^31 for each row.
 * Where a kernel keeps sums larger than they are, it says why that fits. */

/* int8 weights in -127..127. A word: the int16 256 * w1 + w0 in the low half, 256 * w3 + w2 in the
 * high half. Sums are kept 256 times as large; the generator has checked that 127 * sum |w| < 2^23
 * for each row, as is so for any row of up to 520 weights. */
void pb_dense_s8_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch);
void pb_dense_s8_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch);

/* int8 weights of any row. A word: w0, w1, w2, w3 from the lowest byte up. */
void pb_dense_s8_wide_run(const pb_dense *layer, const int8_t *input, int8_t *output,
                          void *scratch);
void pb_dense_s8_wide_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                              void *scratch);

/* Weights in -8..7. A word, from the lowest four bits up: w0 + 8, w1, w4 + 8, w5, w2 + 8, w3, w6 +
 * 8, w7. Sums are kept 16 times as large: 16 * 8 * 127 * 65535 < 2^31. */
void pb_dense_s4_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch);
void pb_dense_s4_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch);

/* Weights in -2..1, stored as w + 2. A word, from the lowest two bits up: w0, w1, w4, w5, w8, w9,
 * w12, w13, then two columns on: w2, w3, ... w15. Sums are kept 64 times as large: 64 * 2 * 127 *
 * 65535 < 2^31. */
void pb_dense_s2_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch);
void pb_dense_s2_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch);

/* Two bytes for each input, filled up to 16 inputs, and what is read ahead. */
#define PB_DENSE_SCRATCH(inputs) (2u * (((inputs) + 15u) / 16u * 16u) + 8u)

#endif
