#include "conv_source.h"
#include <string.h>

const int8_t *pb_conv_source_patch(const void *layer, uint32_t pixel, const int8_t *input,
                                   int8_t *patch) {
    const pb_conv *const conv = layer;
    const pb_conv_window *const window = &conv->window;
    const int32_t channels = window->channels, width = window->input_width;
    const int32_t row = (int32_t)(pixel / window->output_width);
    const int32_t column = (int32_t)(pixel % window->output_width);
    const int32_t y = row * window->stride_vertical - window->top;
    const int32_t x = column * window->stride_horizontal - window->left;
    /* Columns of the kernel from `before` up to `after` lie in the image. */
    const int32_t before = x < 0 ? -x : 0;
    const int32_t after = width - x < window->kernel_width ? width - x : window->kernel_width;
    const int32_t bytes = window->kernel_width * channels;
    int8_t *to = patch;
    for (int32_t line = y; line < y + window->kernel_height; line++, to += bytes) {
        if (line < 0 || line >= window->input_height) {
            memset(to, conv->pad_value, (size_t)bytes);
            continue;
        }
        const int8_t *const from = input + (line * width + x + before) * channels;
        memset(to, conv->pad_value, (size_t)(before * channels));
        memcpy(to + before * channels, from, (size_t)((after - before) * channels));
        memset(to + after * channels, conv->pad_value, (size_t)(bytes - after * channels));
    }
    return patch;
}
