#include "proofboard/depthwise.h"

void pb_depthwise_s4_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t size = (uint32_t)window->kernel_height * window->kernel_width * window->channels;
    int8_t *const weights = (int8_t *)scratch;
    for (uint32_t i = 0; i < size; i++) {
        const int32_t code = layer->weights[i / 2] >> 4 * (i % 2) & 15;
        weights[i] = (int8_t)(code - 8);
    }
    pb_depthwise wide = *layer;
    wide.weights = (const uint8_t *)weights;
    pb_depthwise_s8_run(&wide, input, output, weights + (size + 3) / 4 * 4);
}
