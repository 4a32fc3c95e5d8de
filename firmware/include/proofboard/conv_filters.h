/* Weights of a convolution, in the layout that its kernels read. */
#ifndef PROOFBOARD_CONV_FILTERS_H
#define PROOFBOARD_CONV_FILTERS_H

#include <stdint.h>

#define PB_CONV_ROWS 4u  /* outputs in a block */
#define PB_CONV_DEPTH 4u /* products in a quad */

/* A filter is a row of `inputs` weights, in the order of the image bytes that it meets: kernel row,
 * kernel column, channel. Rows are held in blocks of 4, their weights in quads of 4; both are
 * filled up with zeros. For each block, for each quad: int8: row 0 to 3, 4 bytes each, weights 0 to
 * 3; int4: one 32-bit word for rows 0 and 1, one for rows 2 and 3; of its eight nibbles, from bit
 * 0, weights 0 and 1 of the first row, 0 and 1 of the second, then 2 and 3, 2 and 3; w + 8; int2:
 * one word; of its sixteen fields, from bit 0, weights 0 and 1 of rows 0 to 3, then 2 and 3 of rows
 * 0 to 3; w + 2. scaling: for each block the biases of its 4 rows, then their multipliers,
 * in 1..2^31 - 1.
 *
 * output = saturate(requantise(bias + sum of weights * x, multiplier)) to -127..127. The generator
 * has checked |bias| + 127 * sum |weights| < 2^31 for each row, so that no accumulator overflows
 * for inputs in -127..127.
 *
 * Rows are widened to int16 in `scratch` before use, `group` rows at a time. With quads = inputs /
 * 4, rounded up, it takes 8 * group * quads bytes for them, 16 * quads + 8 for the inputs of two
 * pixels, which are widened too, and 2 * group for outputs. The arrays are constant, aligned to 4
 * bytes, and live as long as the image. */
typedef struct {
    uint32_t inputs;
    uint16_t outputs;
    uint16_t group; /* a multiple of 4 */
    const uint8_t *weights;
    const int32_t *scaling;
} pb_conv_filters;

#endif
