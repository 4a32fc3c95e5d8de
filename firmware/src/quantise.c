#include "proofboard/quantise.h"
#include "proofboard/requantise.h"

void pb_quantise_run(const pb_quantise *layer, const int16_t *input, int8_t *output) {
    const int32_t half = (int32_t)1 << (layer->shift - 1);
    for (uint32_t i = 0; i < layer->size; i++) {
        const int32_t product = (input[i] - layer->offset) * layer->multiplier;
        output[i] = (int8_t)pb_clamp((product + half) >> layer->shift, -128, 127);
    }
}
