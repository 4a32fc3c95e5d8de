/* Convolution of each channel of an int8 image with a kernel of its own. */
#ifndef PROOFBOARD_DEPTHWISE_H
#define PROOFBOARD_DEPTHWISE_H

#include "proofboard/conv_window.h"

/* output[y][x][c] = saturate(requantise(bias[c] + sum of weights[.][.][c] * (x - pad_value),
 * multiplier[c])) to -127..127, where the sum is over what lies in the image. pad_value, the code
 * of zero, is what the rest of a window holds: bias has its part, pad_value * sum of all weights,
 * so that padding needs no products.
 *
 * weights: [kernel height][kernel width][channels]; int8 as they are; int4 as w + 8, two a byte,
 * the first in the low half; int2 as w + 2, four a byte. scaling: for each block of 4 channels
 * their biases, then their multipliers, in 1..2^31 - 1; filled up to 4.
 *
 * The generator has checked |bias without that part| + 127 * sum |weights| < 2^31 for each channel.
 * A partial sum is the sum for some window of values in -127..127, so no accumulator overflows. The
 * arrays are constant, aligned to 4 bytes, and live as long as the image. */
typedef struct {
    pb_conv_window window;
    int8_t pad_value;
    const uint8_t *weights;
    const int32_t *scaling;
} pb_depthwise;

/* input: int8 [height][width][channels], each in -127..127; output: int8 [output height]
 * [output width][channels]; scratch: with taps = kernel height * kernel width, 4 * taps bytes of
 * offsets, 2 * taps * channels of int16 weights and `channels` of padding. All owned by the caller,
 * aligned to 4 bytes, not overlapping. */
void pb_depthwise_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);

/* scratch: before that, taps * channels bytes for the weights as int8, rounded up to 4. */
void pb_depthwise_s4_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);
void pb_depthwise_s2_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);

/* The same for kernels of 3 x 3, strides of 1 and channels in fours; scratch: with n the larger of
 * output height and output width, 32 * n + 128 bytes of a line of four channels, 96 of weights. */
void pb_depthwise_3x3_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch);
void pb_depthwise_3x3_s4_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch);
void pb_depthwise_3x3_s2_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch);

#endif
