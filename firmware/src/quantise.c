#include "proofboard/quantise.h"
#if defined(__ARM_FEATURE_DSP)
#include <arm_acle.h>
#endif

enum { LIMIT = 127 };

/* |x * multiplier| <= 2^29; |offset * multiplier| and the half are at most 2^29 each. */
static int32_t bias_of(const pb_quantise *layer) {
    return ((int32_t)1 << (layer->shift - 1)) - layer->offset * layer->multiplier;
}

static int8_t quantise_one(int32_t value, int32_t multiplier, int32_t bias, uint32_t shift) {
    const int32_t scaled = (value * multiplier + bias) >> shift;
    const int32_t capped = scaled > LIMIT ? LIMIT : scaled;
    return (int8_t)(capped < -LIMIT ? -LIMIT : capped);
}

#if defined(__ARM_FEATURE_DSP)

/* value >> shift to -128..127, as byte `place` of `word`. */
#define PUT(word, place, value, shift)                                                             \
    __asm("asr %1, %1, %2\n\tssat %1, #8, %1\n\tbfi %0, %1, %3, #8"                                \
          : "+r"(word), "+r"(value)                                                                \
          : "r"(shift), "n"(8 * (place)))

/* Four at once, from two words of two. All bytes down by one with saturation and up again makes
 * -127 of -128. A word may lie at any even address: the core loads it all the same. */
static uint32_t quantise_four(const int16_t *input, int32_t multiplier, int32_t bias,
                              uint32_t shift) {
    int32_t low, high;
    __builtin_memcpy(&low, input, sizeof low);
    __builtin_memcpy(&high, input + 2, sizeof high);
    int32_t first = __smlabb(low, multiplier, bias);
    int32_t second = __smlatb(low, multiplier, bias);
    int32_t third = __smlabb(high, multiplier, bias);
    int32_t fourth = __smlatb(high, multiplier, bias);
    uint32_t bytes = 0;
    PUT(bytes, 0, first, shift);
    PUT(bytes, 1, second, shift);
    PUT(bytes, 2, third, shift);
    PUT(bytes, 3, fourth, shift);
    const int8x4_t ones = 0x01010101;
    return (uint32_t)__sadd8(__qsub8((int8x4_t)bytes, ones), ones);
}

void pb_quantise_run(const pb_quantise *layer, const int16_t *input, int8_t *output) {
    const int32_t multiplier = layer->multiplier;
    const int32_t bias = bias_of(layer);
    const uint32_t shift = layer->shift;
    const int8_t *const end = output + layer->size;
    const int8_t *const end_of_words = output + (layer->size & ~3u);
    while (output < end_of_words) {
        const uint32_t bytes = quantise_four(input, multiplier, bias, shift);
        __builtin_memcpy(output, &bytes, sizeof bytes);
        input += 4;
        output += 4;
    }
    while (output < end) {
        *output++ = quantise_one(*input++, multiplier, bias, shift);
    }
}

#else

void pb_quantise_run(const pb_quantise *layer, const int16_t *input, int8_t *output) {
    for (uint32_t i = 0; i < layer->size; i++) {
        output[i] = quantise_one(input[i], layer->multiplier, bias_of(layer), layer->shift);
    }
}

#endif
