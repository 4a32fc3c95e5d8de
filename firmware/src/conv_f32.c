#include "proofboard/conv_f32.h"

/* The sum of one output at the window whose first row and column are `top` and `left`; both are
 * negative where it begins in the padding. Sizes are uint16, so neither they nor their sums leave
 * int32. */
static float conv_sum(const pb_conv_f32 *layer, uint32_t row, int32_t top, int32_t left,
                      const float *input) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t reads = layer->reads;
    const uint32_t taps = (uint32_t)window->kernel_height * window->kernel_width;
    const float *weights = layer->weights + row * taps * reads;
    float sum = layer->bias[row];
    for (int32_t y = top; y < top + window->kernel_height; y++) {
        for (int32_t x = left; x < left + window->kernel_width; x++) {
            const float *from = &layer->pad;
            uint32_t step = 0;
            if (y >= 0 && y < window->input_height && x >= 0 && x < window->input_width) {
                const uint32_t pixel = (uint32_t)y * window->input_width + (uint32_t)x;
                from = input + pixel * window->channels + row * layer->advance;
                step = 1;
            }
            for (uint32_t left_over = reads; left_over > 0; left_over--, from += step) {
                sum += *weights++ * *from;
            }
        }
    }
    return sum;
}

void pb_conv_f32_run(const pb_conv_f32 *layer, const float *input, float *output) {
    const pb_conv_window *const window = &layer->window;
    for (uint32_t y = 0; y < window->output_height; y++) {
        const int32_t top = (int32_t)(y * window->stride_vertical) - window->top;
        for (uint32_t x = 0; x < window->output_width; x++) {
            const int32_t left = (int32_t)(x * window->stride_horizontal) - window->left;
            for (uint32_t row = 0; row < layer->outputs; row++) {
                *output++ = conv_sum(layer, row, top, left, input);
            }
        }
    }
}
