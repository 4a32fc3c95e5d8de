/* Mean of a window that slides over an int8 image, for each channel. */
#ifndef PROOFBOARD_AVERAGE_POOL_H
#define PROOFBOARD_AVERAGE_POOL_H

#include "proofboard/conv_window.h"

/* output[y][x][c] = saturate(requantise(bias + sum of the window, multiplier)) to -127..127.
 * multiplier, in 1..2^31 - 1, holds 1 / the window's size. No padding: every window lies in the
 * image. The generator has checked 127 * size + |bias| < 2^31, so that the sum does not overflow.
 */
typedef struct {
    pb_conv_window window;
    int32_t bias;
    int32_t multiplier;
} pb_average_pool;

/* input: int8 [height][width][channels]; output: int8 [output height][output width][channels].
 * Both owned by the caller. The output may begin where the input
 * begins: a window never begins before the place of its output. */
void pb_average_pool_s8_run(const pb_average_pool *layer, const int8_t *input, int8_t *output);

#endif
