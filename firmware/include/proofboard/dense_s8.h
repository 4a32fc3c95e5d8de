/* Fully connected layer on int8 inputs. */
#ifndef PROOFBOARD_DENSE_S8_H
#define PROOFBOARD_DENSE_S8_H

#include <stdint.h>

/* output[o] = clamp(requantise(bias[o] + sum_i weights[o][i] * input[i]) + zero_point, low, high).
 * The input's zero point is folded into bias. The generator has checked that the accumulator can't
 * leave int32 for any int8 input. ReLU is low = zero_point. All arrays are constant and live as
 * long as the image. */
typedef struct {
    uint16_t inputs;
    uint16_t outputs;
    const int8_t *weights;     /* [outputs][inputs] */
    const int32_t *bias;       /* [outputs] */
    const int32_t *multiplier; /* [outputs], in [2^30, 2^31) */
    const uint8_t *shift;      /* [outputs], in 0..31 */
    int32_t zero_point;
    int32_t low;
    int32_t high;
} pb_dense_s8;

/* input: int8 [inputs]; output: int8 [outputs]; both owned by the caller, not overlapping. */
void pb_dense_s8_run(const pb_dense_s8 *layer, const int8_t *input, int8_t *output);

/* The last layer: int16 [outputs], so that near ties stay visible. */
void pb_dense_s8_s16_run(const pb_dense_s8 *layer, const int8_t *input, int16_t *output);

#endif
