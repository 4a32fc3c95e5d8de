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

/* The lower and the upper bound of both are -128 where SSAT ends, but codes end at -127. */
static inline int8x4_t pb_lanes_symmetric(int8x4_t word) {
    const int8x4_t one = 0x01010101;
    return __sadd8(__qsub8(word, one), one);
}

#endif

#endif
