/* The patches of a convolution, gathered from an image and its padding. */
#ifndef PROOFBOARD_CONV_SOURCE_H
#define PROOFBOARD_CONV_SOURCE_H

#include "conv_engine.h"
#include "proofboard/conv.h"

/* layer: a pb_conv. Fills `patch` and gives it back. */
const int8_t *pb_conv_source_patch(const void *layer, uint32_t pixel, const int8_t *input,
                                   int8_t *patch);

#endif
