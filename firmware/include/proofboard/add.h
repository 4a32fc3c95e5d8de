/* Sum of two int8 tensors of different scales. */
#ifndef PROOFBOARD_ADD_H
#define PROOFBOARD_ADD_H

#include <stdint.h>

/* output[i] = saturate((x[i] * first + y[i] * second + bias) >> shift) to -127..127. shift in
 * 0..30. bias holds the rounding and the zero points. The generator has checked 127 * (|first| +
 * |second|)
 * + |bias| < 2^31, so that the sum does not overflow for inputs in -127..127. */
typedef struct {
    uint32_t size;
    int32_t bias;
    int16_t first;
    int16_t second;
    uint8_t shift;
} pb_add;

/* x, y, output: int8 [size], owned by the caller, aligned to 4 bytes. output may be x or y itself.
 */
void pb_add_s8_run(const pb_add *layer, const int8_t *x, const int8_t *y, int8_t *output);

#endif
