#include "conv_lanes.h"
#include "proofboard/max_pool.h"

static int8_t largest(const pb_conv_window *window, const int8_t *from) {
    const uint32_t line = (uint32_t)window->input_width * window->channels;
    int8_t value = from[0];
    for (uint32_t y = 0; y < window->kernel_height; y++, from += line) {
        for (uint32_t x = 0; x < window->kernel_width; x++) {
            const int8_t other = from[x * window->channels];
            value = other > value ? other : value;
        }
    }
    return value;
}

#if defined(__ARM_FEATURE_DSP)
static int8x4_t largest_four(const pb_conv_window *window, const int8_t *from) {
    const uint32_t line = (uint32_t)window->input_width * window->channels;
    int8x4_t values = pb_lanes_load(from);
    for (uint32_t y = 0; y < window->kernel_height; y++, from += line) {
        const int8_t *place = from;
        for (uint32_t x = window->kernel_width; x > 0; x--, place += window->channels) {
            const int8x4_t others = pb_lanes_load(place);
            (void)__ssub8(others, values); /* GE flags: others >= values */
            values = (int8x4_t)__sel((uint8x4_t)others, (uint8x4_t)values);
        }
    }
    return values;
}
#endif

void pb_max_pool_s8_run(const pb_conv_window *window, const int8_t *input, int8_t *output) {
    const uint32_t channels = window->channels;
    const uint32_t down = (uint32_t)window->stride_vertical * window->input_width * channels;
    for (uint32_t y = 0; y < window->output_height; y++, input += down) {
        const int8_t *from = input;
        for (uint32_t x = 0; x < window->output_width; x++) {
            uint32_t channel = 0;
#if defined(__ARM_FEATURE_DSP)
            for (; channel + 4 <= channels; channel += 4) {
                pb_lanes_store(output + channel, largest_four(window, from + channel));
            }
#endif
            for (; channel < channels; channel++) {
                output[channel] = largest(window, from + channel);
            }
            output += channels;
            from += window->stride_horizontal * channels;
        }
    }
}
