#include "conv_lanes.h"
#include "conv_output.h"
#include "proofboard/average_pool.h"

static int8_t mean(const pb_average_pool *layer, const int8_t *from) {
    const pb_conv_window *const window = &layer->window;
    int32_t sum = layer->bias;
    for (uint32_t y = 0; y < window->kernel_height; y++) {
        for (uint32_t x = 0; x < window->kernel_width; x++) {
            sum += from[x * window->channels];
        }
        from += (uint32_t)window->input_width * window->channels;
    }
    return pb_conv_output(sum, layer->multiplier);
}

#if defined(__ARM_FEATURE_DSP)
/* Values of -127..127 that 16 bits can hold the sum of. */
#define LONGEST_RUN 256u

static int8x4_t mean_four(const pb_average_pool *layer, const int8_t *from) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t channels = window->channels;
    int32_t sum0 = layer->bias, sum1 = sum0, sum2 = sum0, sum3 = sum0;
    uint32_t rows = window->kernel_height, columns = window->kernel_width;
    if (columns == window->input_width) { /* all rows are one run */
        columns *= rows;
        rows = 1;
    }
    for (; rows > 0; rows--, from += window->input_width * channels) {
        const int8_t *place = from;
        for (uint32_t left = columns; left > 0;) {
            const uint32_t run = left < LONGEST_RUN ? left : LONGEST_RUN;
            int16x2_t even = 0, odd = 0;
            for (uint32_t i = run; i > 0; i--, place += channels) {
                const int8x4_t word = pb_lanes_load(place);
                even = __sxtab16(even, word);
                odd = pb_lanes_add_odd(odd, word);
            }
            sum0 += (int16_t)even;
            sum1 += (int16_t)odd;
            sum2 += even >> 16;
            sum3 += odd >> 16;
            left -= run;
        }
    }
    const int32_t multiplier = layer->multiplier;
    return pb_lanes_join(pb_requantise(sum0, multiplier), pb_requantise(sum1, multiplier),
                         pb_requantise(sum2, multiplier), pb_requantise(sum3, multiplier));
}
#endif

void pb_average_pool_s8_run(const pb_average_pool *layer, const int8_t *input, int8_t *output) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t channels = window->channels;
    const uint32_t down = (uint32_t)window->stride_vertical * window->input_width * channels;
    for (uint32_t y = 0; y < window->output_height; y++, input += down) {
        const int8_t *from = input;
        for (uint32_t x = 0; x < window->output_width; x++) {
            uint32_t channel = 0;
#if defined(__ARM_FEATURE_DSP)
            for (; channel + 4 <= channels; channel += 4) {
                pb_lanes_store(output + channel, mean_four(layer, from + channel));
            }
#endif
            for (; channel < channels; channel++) {
                output[channel] = mean(layer, from + channel);
            }
            output += channels;
            from += window->stride_horizontal * channels;
        }
    }
}
