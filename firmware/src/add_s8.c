#include "conv_lanes.h"
#include "proofboard/add.h"
#include "proofboard/requantise.h"

#if defined(__ARM_FEATURE_DSP)
static int8x4_t add_four(const pb_add *layer, int8x4_t x, int8x4_t y) {
    const int16x2_t factors = pb_lanes_low(layer->first, layer->second);
    const int32_t bias = layer->bias, shift = layer->shift;
    const int16x2_t even_x = pb_lanes_even(x), odd_x = pb_lanes_odd(x);
    const int16x2_t even_y = pb_lanes_even(y), odd_y = pb_lanes_odd(y);
    return pb_lanes_join(__smlad(pb_lanes_low(even_x, even_y), factors, bias) >> shift,
                         __smlad(pb_lanes_low(odd_x, odd_y), factors, bias) >> shift,
                         __smlad(pb_lanes_high(even_x, even_y), factors, bias) >> shift,
                         __smlad(pb_lanes_high(odd_x, odd_y), factors, bias) >> shift);
}
#endif

void pb_add_s8_run(const pb_add *layer, const int8_t *x, const int8_t *y, int8_t *output) {
    const pb_add local = *layer; /* the output might overlap the layer, for all a compiler knows */
    uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
    for (; i + 4 <= local.size; i += 4) {
        pb_lanes_store(output + i, add_four(&local, pb_lanes_load(x + i), pb_lanes_load(y + i)));
    }
#endif
    for (; i < local.size; i++) {
        const int32_t sum = x[i] * local.first + y[i] * local.second + local.bias;
        output[i] = (int8_t)pb_clamp(sum >> local.shift, -127, 127);
    }
}
