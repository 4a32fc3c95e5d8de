#include "conv_lanes.h"
#include "conv_output.h"
#include "proofboard/depthwise.h"

/* Where the window of one output begins; outside the image if negative. */
typedef struct {
    int32_t y, x;
} place;

/* The index of a pixel of the window in the image, or -1 in the padding. */
static inline int32_t pixel_at(const pb_conv_window *window, place at, int32_t row,
                               int32_t column) {
    const int32_t y = at.y + row, x = at.x + column;
    const int inside = y >= 0 && y < window->input_height && x >= 0 && x < window->input_width;
    return inside ? y * window->input_width + x : -1;
}

static int8_t convolve(const pb_depthwise *layer, place at, const int8_t *input, uint32_t channel) {
    const pb_conv_window *const window = &layer->window;
    const int8_t *weight = (const int8_t *)layer->weights + channel;
    int32_t sum = layer->bias[channel];
    for (int32_t row = 0; row < window->kernel_height; row++) {
        for (int32_t column = 0; column < window->kernel_width; column++) {
            const int32_t pixel = pixel_at(window, at, row, column);
            const int32_t x =
                pixel < 0 ? layer->pad_value : input[(uint32_t)pixel * window->channels + channel];
            sum += *weight * x;
            weight += window->channels;
        }
    }
    return pb_conv_output(sum, layer->multiplier[channel]);
}

#if defined(__ARM_FEATURE_DSP)
static void convolve_four(const pb_depthwise *layer, place at, const int8_t *input,
                          uint32_t channel, int8_t *output) {
    const pb_conv_window *const window = &layer->window;
    const uint8_t *weight = layer->weights + channel;
    const int8x4_t padding = (int8x4_t)((uint8_t)layer->pad_value * 0x01010101u);
    int32_t sums[4];
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = layer->bias[channel + i];
    }
    for (int32_t row = 0; row < window->kernel_height; row++) {
        for (int32_t column = 0; column < window->kernel_width; column++) {
            const int32_t pixel = pixel_at(window, at, row, column);
            const int8x4_t x =
                pixel < 0 ? padding
                          : pb_lanes_load(input + (uint32_t)pixel * window->channels + channel);
            const int8x4_t w = pb_lanes_load(weight);
            const int16x2_t even = pb_lanes_even(x), odd = pb_lanes_odd(x);
            const int16x2_t even_weights = pb_lanes_even(w), odd_weights = pb_lanes_odd(w);
            sums[0] = __smlabb(even, even_weights, sums[0]);
            sums[1] = __smlabb(odd, odd_weights, sums[1]);
            sums[2] = __smlatt(even, even_weights, sums[2]);
            sums[3] = __smlatt(odd, odd_weights, sums[3]);
            weight += window->channels;
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        output[i] = pb_conv_output(sums[i], layer->multiplier[channel + i]);
    }
}
#endif

void pb_depthwise_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t channels = window->channels;
    for (int32_t y = 0; y < window->output_height; y++) {
        for (int32_t x = 0; x < window->output_width; x++) {
            const place at = {y * window->stride_vertical - window->top,
                              x * window->stride_horizontal - window->left};
            uint32_t channel = 0;
#if defined(__ARM_FEATURE_DSP)
            for (; channel + 4 <= channels; channel += 4) {
                convolve_four(layer, at, input, channel, output + channel);
            }
#endif
            for (; channel < channels; channel++) {
                output[channel] = convolve(layer, at, input, channel);
            }
            output += channels;
        }
    }
}
