/* Convolution in float32, for baselines: products added one after the other, row by row of the
 * window and in the order of the channels, without fused multiply-add, so that every machine gets
 * the same bits. Padding takes part like any other value. */
#ifndef PROOFBOARD_CONV_F32_H
#define PROOFBOARD_CONV_F32_H

#include <stdint.h>

#include "proofboard/conv_window.h"

/* Channels that one output reads: all of them from the first on (`reads` is the window's channels,
 * `advance` 0), or one of its own, as many outputs as channels (`reads` 1, `advance` 1). */
typedef struct {
    pb_conv_window window;
    uint16_t outputs;
    uint16_t reads;
    uint16_t advance;
    float pad;
    const float *weights; /* [outputs][kernel_height][kernel_width][reads] */
    const float *bias;    /* [outputs] */
} pb_conv_f32;

/* input: float [input_height][input_width][channels]; output: float
 * [output_height][output_width][outputs]; both owned by the caller, not overlapping. */
void pb_conv_f32_run(const pb_conv_f32 *layer, const float *input, float *output);

#endif
