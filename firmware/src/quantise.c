#include "proofboard/quantise.h"

enum { LIMIT = 127 };

void pb_quantise_run(const pb_quantise *layer, const int16_t *input, int8_t *output) {
    const int32_t multiplier = layer->multiplier;
    const uint32_t shift = layer->shift;
    /* |x * multiplier| <= 2^29; |offset * multiplier| and the half are at most 2^29 each. */
    const int32_t bias = ((int32_t)1 << (shift - 1)) - layer->offset * multiplier;
    const int16_t *const end = input + layer->size;
    while (input < end) {
        const int32_t scaled = (*input++ * multiplier + bias) >> shift;
        const int32_t capped = scaled > LIMIT ? LIMIT : scaled;
        *output++ = (int8_t)(capped < -LIMIT ? -LIMIT : capped);
    }
}
