/* Four int8 channels in a word, on cores with the DSP extension. */
#ifndef PROOFBOARD_CONV_LANES_H
#define PROOFBOARD_CONV_LANES_H

#if defined(__ARM_FEATURE_DSP)

#include <arm_acle.h>
#include <stdint.h>

/* Any alignment: LDR takes it, in normal memory. */
static inline int8x4_t pb_lanes_load(const void *bytes) {
    int8x4_t word;
    __builtin_memcpy(&word, bytes, sizeof word);
    return word;
}

static inline void pb_lanes_store(int8_t *bytes, int8x4_t word) {
    __builtin_memcpy(bytes, &word, sizeof word);
}

/* At an address that is aligned to 4 bytes. */
static inline void pb_lanes_put(int16_t *place, int16x2_t pair) {
    __builtin_memcpy(__builtin_assume_aligned(place, 4), &pair, sizeof pair);
}

/* Channels 0 and 2, 1 and 3. */
static inline int16x2_t pb_lanes_even(int8x4_t word) {
    return __sxtb16(word);
}

static inline int16x2_t pb_lanes_odd(int8x4_t word) {
    int16x2_t pair;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

/* Channels 1 and 3 added to a pair. */
static inline int16x2_t pb_lanes_add_odd(int16x2_t pair, int8x4_t word) {
    int16x2_t sum;
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(sum) : "r"(pair), "r"(word));
    return sum;
}

static inline int16x2_t pb_lanes_both(int32_t value) {
    return (int16x2_t)((uint32_t)value << 16 | ((uint32_t)value & 0xFFFFu));
}

/* The low halves of two pairs, and their high halves; the first one is the lower half of the
 * result. */
static inline int16x2_t pb_lanes_low(int16x2_t first, int16x2_t second) {
    int16x2_t pair;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(first), "r"(second));
    return pair;
}

static inline int16x2_t pb_lanes_high(int16x2_t first, int16x2_t second) {
    int16x2_t pair;
    __asm("pkhtb %0, %2, %1, asr #16" : "=r"(pair) : "r"(first), "r"(second));
    return pair;
}

static inline int32_t pb_lanes_saturate(int32_t value) {
    int32_t byte;
    __asm("ssat %0, #8, %1" : "=r"(byte) : "r"(value));
    return byte;
}

/* Four values, each saturated to -127..127, the first one in the lowest byte. */
static inline int8x4_t pb_lanes_join(int32_t first, int32_t second, int32_t third, int32_t fourth) {
    const int8x4_t one = 0x01010101;
    int8x4_t word = pb_lanes_saturate(first);
    __asm("bfi %0, %1, #8, #24" : "+r"(word) : "r"(pb_lanes_saturate(second)));
    __asm("bfi %0, %1, #16, #16" : "+r"(word) : "r"(pb_lanes_saturate(third)));
    __asm("bfi %0, %1, #24, #8" : "+r"(word) : "r"(pb_lanes_saturate(fourth)));
    /* One less, saturated, then one more: -128 becomes -127, all else stays. */
    return __sadd8(__qsub8(word, one), one);
}

#endif

#endif
