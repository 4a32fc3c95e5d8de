/* Convolution of 1 x 1 without stride or padding: a matrix product over all pixels. */
#ifndef PROOFBOARD_POINTWISE_H
#define PROOFBOARD_POINTWISE_H

#include "proofboard/conv_filters.h"

typedef struct {
    uint32_t pixels;
    pb_conv_filters filters; /* inputs: channels of a pixel */
} pb_pointwise;

/* input: int8 [pixels][inputs], each in -127..127; output: int8 [pixels][outputs]; scratch: see
 * conv_filters.h. All owned by the caller, aligned to 4 bytes, not overlapping. The suffix is the
 * width of the stored weights. */
void pb_pointwise_s8_run(const pb_pointwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);
void pb_pointwise_s4_run(const pb_pointwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);
void pb_pointwise_s2_run(const pb_pointwise *layer, const int8_t *input, int8_t *output,
                         void *scratch);

#endif
