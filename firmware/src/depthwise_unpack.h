/* Weights of a depthwise convolution that are stored in less than a byte. */
#ifndef PROOFBOARD_DEPTHWISE_UNPACK_H
#define PROOFBOARD_DEPTHWISE_UNPACK_H

#include "proofboard/depthwise.h"

/* Unpacks weights of `bits` bits to int8 at the beginning of `scratch` and points the layer there.
 * Gives the rest of `scratch`, aligned to 4. */
static inline void *pb_depthwise_unpack(pb_depthwise *layer, uint32_t bits, void *scratch) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t size = (uint32_t)window->kernel_height * window->kernel_width * window->channels;
    const uint32_t fields = 8 / bits;
    int8_t *const weights = (int8_t *)scratch;
    for (uint32_t i = 0; i < size; i++) {
        const int32_t code = layer->weights[i / fields] >> bits * (i % fields) & ((1 << bits) - 1);
        weights[i] = (int8_t)(code - (1 << (bits - 1)));
    }
    layer->weights = (const uint8_t *)weights;
    return weights + (size + 3) / 4 * 4;
}

#endif
