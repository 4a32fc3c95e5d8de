/* From the accumulator of one output to its code. */
#ifndef PROOFBOARD_CONV_OUTPUT_H
#define PROOFBOARD_CONV_OUTPUT_H

#include "proofboard/requantise.h"

static inline int8_t pb_conv_output(int32_t accumulator, int32_t multiplier) {
    return (int8_t)pb_clamp(pb_requantise(accumulator, multiplier), -127, 127);
}

#endif
