/* Convolution of an int8 image. */
#ifndef PROOFBOARD_CONV_H
#define PROOFBOARD_CONV_H

#include "proofboard/conv_filters.h"
#include "proofboard/conv_window.h"

/* filters.inputs = kernel height * kernel width * channels. pad_value: the code of zero. */
typedef struct {
    pb_conv_window window;
    int8_t pad_value;
    pb_conv_filters filters;
} pb_conv;

/* input: int8 [height][width][channels], each in -127..127; output: int8 [output height]
 * [output width][outputs]; scratch: what conv_filters.h says, and 8 * quads bytes for what the
 * windows of two pixels hold. All owned by the caller, aligned to 4 bytes, not overlapping. The
 * suffix is the width of the stored weights. */
void pb_conv_s8_run(const pb_conv *layer, const int8_t *input, int8_t *output, void *scratch);
void pb_conv_s4_run(const pb_conv *layer, const int8_t *input, int8_t *output, void *scratch);
void pb_conv_s2_run(const pb_conv *layer, const int8_t *input, int8_t *output, void *scratch);

#endif
