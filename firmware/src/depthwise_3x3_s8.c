#include "proofboard/depthwise.h"

#if !defined(__ARM_FEATURE_DSP)

void pb_depthwise_3x3_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch) {
    pb_depthwise_s8_run(layer, input, output, scratch);
}

#endif
