/* The one rounding rule of every integer layer: round half up, once, in 64 bits. */
#ifndef PROOFBOARD_REQUANTISE_H
#define PROOFBOARD_REQUANTISE_H

#include <stdint.h>

/* (accumulator * multiplier + 2^31) >> 32, multiplier in 1..2^31 - 1. The result is within 2^30 of
 * zero, so it can't overflow. On a Cortex-M33 this is SMMULR, one instruction; elsewhere the right
 * shift of a negative number is arithmetic, as GCC and Clang document. */
static inline int32_t pb_requantise(int32_t accumulator, int32_t multiplier) {
#if defined(__ARM_FEATURE_DSP)
    int32_t result;
    __asm__("smmulr %0, %1, %2" : "=r"(result) : "r"(accumulator), "r"(multiplier));
    return result;
#else
    const int64_t product = (int64_t)accumulator * multiplier;
    return (int32_t)((product + ((int64_t)1 << 31)) >> 32);
#endif
}

static inline int32_t pb_clamp(int32_t value, int32_t low, int32_t high) {
    if (value < low) {
        return low;
    }
    return value > high ? high : value;
}

#endif
