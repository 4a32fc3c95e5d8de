/* The channels of a depthwise convolution that make up blocks of four. */
#ifndef PROOFBOARD_DEPTHWISE_BLOCKS_H
#define PROOFBOARD_DEPTHWISE_BLOCKS_H

#include "proofboard/depthwise.h"

/* Gives the number of channels that are done, from the first one on. */
uint32_t pb_depthwise_blocks_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                                 void *scratch);

#endif
