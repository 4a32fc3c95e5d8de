/* Convolution of each channel of an int8 image with a kernel of its own. */
#ifndef PROOFBOARD_DEPTHWISE_H
#define PROOFBOARD_DEPTHWISE_H

#include "proofboard/conv_window.h"

/* output[y][x][c] = saturate(requantise(bias[c] + sum of weights[.][.][c] * x, multiplier[c])) to
 * -127..127. pad_value: the code of zero. weights: [kernel height][kernel width][channels]; int8 as
 * they are, int4 as w + 8, two a byte, the first in the low half; int2 as w + 2, four a byte.
 * multiplier: in 1..2^31 - 1. The generator has checked |bias| + 127 * sum |weights| < 2^31 for
 * each channel, so that no accumulator overflows for inputs in -127..127. The arrays are constant
 * and live as long as the image. */
typedef struct {
    pb_conv_window window;
    int8_t pad_value;
    const uint8_t *weights;
    const int32_t *bias;       /* [channels] */
    const int32_t *multiplier; /* [channels] */
} pb_depthwise;

/* input: int8 [height][width][channels], each in -127..127; output: int8 [output height]
 * [output width][channels]. Both owned by the caller, not overlapping. */
void pb_depthwise_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output);

/* scratch: kernel height * kernel width * channels bytes, for the weights as int8. */
void pb_depthwise_s4_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);
void pb_depthwise_s2_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);

#endif
