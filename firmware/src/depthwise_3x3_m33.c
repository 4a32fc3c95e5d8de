#include "conv_lanes.h"
#include "depthwise_stream.h"
#include "proofboard/depthwise.h"
#include "proofboard/requantise.h"

#if defined(__ARM_FEATURE_DSP)

#define POSITION_WORDS 8u

/* One of the two directions of the image. Steps in bytes. */
typedef struct {
    int32_t inputs;
    int32_t before; /* padding */
    int32_t outputs;
    uint32_t input_step, output_step, weight_step;
} axis;

/* The weights of four channels as pb_depthwise_stream_run wants them, 6 pairs a channel. */
static void widen(const uint8_t *weights, const axis *along, const axis *across, int16_t *wide) {
    for (uint32_t position = 0; position < 3; position++, weights += along->weight_step) {
        const int8x4_t line0 = pb_lanes_load(weights);
        const int8x4_t line1 = pb_lanes_load(weights + across->weight_step);
        const int8x4_t line2 = pb_lanes_load(weights + 2 * across->weight_step);
        const int8x4_t pairs[4] = {pb_lanes_low(line0, line1), pb_lanes_low(line1, line2),
                                   pb_lanes_high(line0, line1), pb_lanes_high(line1, line2)};
        for (uint32_t i = 0; i < 4; i++) {
            int16_t *const place = wide + 2 * position + 24 * (i / 2) + 6 * (i % 2);
            pb_lanes_put(place, pb_lanes_even(pairs[i]));
            pb_lanes_put(place + 12, pb_lanes_odd(pairs[i]));
        }
    }
}

/* Where a line of the image begins, and the step to its next value; a line of padding stays. */
typedef struct {
    const int8_t *from;
    uint32_t step;
} line;

static line line_at(const axis *along, const axis *across, const int8_t *input, int32_t number,
                    const int8x4_t *padding) {
    if (number < 0 || number >= across->inputs) {
        return (line){(const int8_t *)padding, 0};
    }
    return (line){input + (uint32_t)number * across->input_step, along->input_step};
}

static int32_t *clear(int32_t *slots, int32_t positions) {
    for (; positions > 0; positions--, slots += POSITION_WORDS) {
        slots[0] = slots[2] = slots[4] = slots[6] = 0;
    }
    return slots;
}

/* Fills one pair of every position with x - pad_value of two lines, four channels each. */
static void spread(const axis *along, line first, line second, int16x2_t minus_pad,
                   int32_t *slots) {
    int32_t *place = clear(slots, along->before);
    for (int32_t i = along->inputs; i > 0; i--) {
        const int8x4_t one = pb_lanes_load(first.from), other = pb_lanes_load(second.from);
        const int8x4_t low = pb_lanes_low(one, other), high = pb_lanes_high(one, other);
        first.from += first.step;
        second.from += second.step;
        place[0] = __sxtab16(minus_pad, low);
        place[2] = pb_lanes_add_odd(minus_pad, low);
        place[4] = __sxtab16(minus_pad, high);
        place[6] = pb_lanes_add_odd(minus_pad, high);
        place += POSITION_WORDS;
    }
    (void)clear(place, along->outputs + 2 - along->before - along->inputs);
}

/* Requantises one line of outputs. */
static void finish(const axis *along, const int32_t *slots, const int32_t *multiplier,
                   int8_t *output) {
    const int32_t factor0 = multiplier[0], factor1 = multiplier[1];
    const int32_t factor2 = multiplier[2], factor3 = multiplier[3];
    const uint32_t step = along->output_step;
    for (int32_t left = along->outputs; left > 0; left--) {
        const int32_t sum0 = slots[0], sum1 = slots[2], sum2 = slots[4], sum3 = slots[6];
        slots += POSITION_WORDS;
        pb_lanes_store(output,
                       pb_lanes_join(pb_requantise(sum0, factor0), pb_requantise(sum1, factor1),
                                     pb_requantise(sum2, factor2), pb_requantise(sum3, factor3)));
        output += step;
    }
}

static void run_channels(const pb_depthwise *layer, const axis *along, const axis *across,
                         uint32_t channel, const int8_t *input, int8_t *output, void *scratch) {
    const int32_t *const scaling = layer->scaling + 2 * channel;
    const uint32_t positions = (uint32_t)along->outputs + 2;
    int32_t *const slots = (int32_t *)scratch + 2 * POSITION_WORDS;
    int16_t *const wide = (int16_t *)(slots + positions * POSITION_WORDS);
    const int8x4_t padding = (int8x4_t)((uint8_t)layer->pad_value * 0x01010101u);
    const int16x2_t minus_pad = pb_lanes_both(-layer->pad_value);
    widen(layer->weights + channel, along, across, wide);
    for (int32_t done = 0; done < across->outputs; done += 2) {
        line lines[4];
        for (int32_t i = 0; i < 4; i++) {
            lines[i] = line_at(along, across, input, done - across->before + i, &padding);
        }
        spread(along, lines[0], lines[1], minus_pad, slots);
        spread(along, lines[2], lines[3], minus_pad, slots + 1);
        for (uint32_t i = 0; i < 4; i++) {
            pb_depthwise_stream_run(slots + 2 * i, positions, wide + 12 * i, scaling[i]);
        }
        finish(along, slots, scaling + 4, output);
        if (done + 1 < across->outputs) {
            finish(along, slots + 1, scaling + 4, output + across->output_step);
        }
        output += 2 * across->output_step;
    }
}

void pb_depthwise_3x3_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t channels = window->channels;
    const axis down = {window->input_height,
                       window->top,
                       window->output_height,
                       window->input_width * channels,
                       window->output_width * channels,
                       3 * channels};
    const axis right = {
        window->input_width, window->left, window->output_width, channels, channels, channels};
    /* Lines begin and end with padding and come in twos: the fewer of them, the better. */
    const int lengthwise = window->output_height > window->output_width;
    const axis *const along = lengthwise ? &down : &right;
    const axis *const across = lengthwise ? &right : &down;
    for (uint32_t channel = 0; channel < channels; channel += 4) {
        run_channels(layer, along, across, channel, input + channel, output + channel, scratch);
    }
}

#endif
