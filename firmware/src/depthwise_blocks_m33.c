#include "conv_lanes.h"
#include "depthwise_blocks.h"
#include "depthwise_taps.h"

#if defined(__ARM_FEATURE_DSP)

/* Two taps of a channel in a word: channels 0 to 3 of two words of bytes. */
static int16_t *widen_pair(int8x4_t tap, int8x4_t next, int16_t *wide) {
    const int8x4_t low = pb_lanes_low(tap, next), high = pb_lanes_high(tap, next);
    pb_lanes_put(wide, pb_lanes_even(low));
    pb_lanes_put(wide + 2, pb_lanes_odd(low));
    pb_lanes_put(wide + 4, pb_lanes_even(high));
    pb_lanes_put(wide + 6, pb_lanes_odd(high));
    return wide + 8;
}

/* All weights as pb_depthwise_taps wants them. Gives the end. */
static int16_t *widen(const pb_depthwise *layer, uint32_t taps, int16_t *wide) {
    const uint32_t channels = layer->window.channels;
    for (uint32_t channel = 0; channel + 4 <= channels; channel += 4) {
        const uint8_t *tap = layer->weights + channel;
        for (uint32_t left = taps & ~3u; left > 0; left -= 2, tap += 2 * channels) {
            wide = widen_pair(pb_lanes_load(tap), pb_lanes_load(tap + channels), wide);
        }
        for (uint32_t left = taps & 3u; left > 0; left--, tap += channels, wide += 4) {
            pb_lanes_put(wide, pb_lanes_even(pb_lanes_load(tap)));
            pb_lanes_put(wide + 2, pb_lanes_odd(pb_lanes_load(tap)));
        }
    }
    return wide;
}

/* Whether the whole window lies in the image. */
static int is_inner(const pb_conv_window *window, int32_t y, int32_t x) {
    return y >= 0 && y + window->kernel_height <= window->input_height && x >= 0 &&
           x + window->kernel_width <= window->input_width;
}

/* Offsets from the window's own place; taps in the padding get the address of a row of padding. */
static void place_taps(const pb_conv_window *window, int32_t y, int32_t x, uint32_t padding,
                       uint32_t *offsets) {
    for (int32_t row = y; row < y + window->kernel_height; row++) {
        uint32_t offset = (uint32_t)(row - y) * window->input_width * window->channels;
        for (int32_t column = x; column < x + window->kernel_width; column++) {
            const int inside = row >= 0 && row < window->input_height && column >= 0 &&
                               column < window->input_width;
            *offsets++ = inside ? offset : padding;
            offset += window->channels;
        }
    }
}

uint32_t pb_depthwise_blocks_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                                 void *scratch) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t taps = (uint32_t)window->kernel_height * window->kernel_width;
    const uint32_t channels = window->channels & ~3u;
    uint32_t *const offsets = scratch;
    int16_t *const wide = (int16_t *)(offsets + taps);
    int8_t *const padding = (int8_t *)widen(layer, taps, wide);
    for (uint32_t i = 0; i < channels; i++) {
        padding[i] = layer->pad_value;
    }
    pb_depthwise_taps pixel = {
        .offsets = offsets,
        .fours = offsets + (taps & ~3u),
        .end = offsets + taps,
        .weights = wide,
        .scaling = layer->scaling,
        .output = output,
        .blocks = channels / 4,
        .minus_pad = (uint32_t)pb_lanes_both(-layer->pad_value),
    };
    int placed_inner = 0;
    for (int32_t row = 0; pixel.blocks > 0 && row < window->output_height; row++) {
        const int32_t y = row * window->stride_vertical - window->top;
        for (int32_t column = 0; column < window->output_width; column++) {
            const int32_t x = column * window->stride_horizontal - window->left;
            const int32_t start = (y * window->input_width + x) * window->channels;
            pixel.window = (uintptr_t)input + (uintptr_t)start;
            const int inner = is_inner(window, y, x);
            if (!(inner && placed_inner)) {
                place_taps(window, y, x, (uint32_t)((uintptr_t)padding - pixel.window), offsets);
            }
            placed_inner = inner;
            pb_depthwise_taps_run(&pixel);
            pixel.output += window->channels;
        }
    }
    return channels;
}

#endif
