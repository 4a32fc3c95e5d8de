#include "conv_source.h"

/* Runs are short: a call of memcpy would take longer than the copy. */
static void copy(int8_t *to, const int8_t *from, int32_t bytes) {
    for (; bytes >= 4; bytes -= 4, to += 4, from += 4) {
        __builtin_memcpy(to, from, 4);
    }
    for (; bytes > 0; bytes--) {
        *to++ = *from++;
    }
}

static int8_t *fill(int8_t *to, int8_t value, int32_t bytes) {
    for (; bytes > 0; bytes--) {
        *to++ = value;
    }
    return to;
}

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
    for (int32_t line = y; line < y + window->kernel_height; line++) {
        if (line < 0 || line >= window->input_height) {
            to = fill(to, conv->pad_value, bytes);
            continue;
        }
        const int8_t *const from = input + (line * width + x + before) * channels;
        to = fill(to, conv->pad_value, before * channels);
        copy(to, from, (after - before) * channels);
        to = fill(to + (after - before) * channels, conv->pad_value, bytes - after * channels);
    }
    return patch;
}
