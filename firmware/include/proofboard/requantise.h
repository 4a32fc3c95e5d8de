/* The one rounding rule of every integer layer: round half up, once, in 64 bits. */
#ifndef PROOFBOARD_REQUANTISE_H
#define PROOFBOARD_REQUANTISE_H

#include <stdint.h>

/* accumulator × multiplier × 2^-(31 + shift).
 * multiplier in [2^30, 2^31), shift in 0..31. The right shift of a negative number is arithmetic on
 * every compiler this builds with (GCC and Clang document it). */
static inline int64_t pb_requantise(int32_t accumulator, int32_t multiplier, uint8_t shift) {
    const int total = 31 + (int)shift;
    const int64_t product = (int64_t)accumulator * multiplier;
    return (product + ((int64_t)1 << (total - 1))) >> total;
}

static inline int32_t pb_clamp(int64_t value, int32_t low, int32_t high) {
    if (value < low) {
        return low;
    }
    return value > high ? high : (int32_t)value;
}

#endif
