/* Fully connected layer in float32, for baselines: products added one after the other in the order
 * of the inputs, without fused multiply-add, so that every machine gets the same bits. */
#ifndef PROOFBOARD_DENSE_F32_H
#define PROOFBOARD_DENSE_F32_H

#include <stdint.h>

typedef struct {
    uint16_t inputs;
    uint16_t outputs;
    const float *weights; /* [outputs][inputs] */
    const float *bias;    /* [outputs] */
} pb_dense_f32;

/* input: float [inputs]; output: float [outputs]; both owned by the caller, not overlapping. */
void pb_dense_f32_run(const pb_dense_f32 *layer, const float *input, float *output);

/* In place on [size]: negative values and NaN become +0. */
void pb_relu_f32_run(float *values, uint32_t size);

#endif
