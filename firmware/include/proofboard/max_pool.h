/* Largest value of a window that slides over an int8 image, for each channel. */
#ifndef PROOFBOARD_MAX_POOL_H
#define PROOFBOARD_MAX_POOL_H

#include "proofboard/conv_window.h"

/* input: int8 [height][width][channels]; output: int8 [output height][output width][channels]. No
 * padding: every window lies in the image. Both owned by the caller. The output may begin where the
 * input begins: a window never begins before the place of its output. */
void pb_max_pool_s8_run(const pb_conv_window *window, const int8_t *input, int8_t *output);

#endif
