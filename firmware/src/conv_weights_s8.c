#include "conv_engine.h"
#include "conv_lanes.h"

static void widen(const uint8_t *packed, uint32_t quads, int16_t *wide) {
#if defined(__ARM_FEATURE_DSP)
    for (; quads > 0; quads--, packed += 16, wide += 16) {
        for (uint32_t row = 0; row < 4; row++) {
            const int8x4_t word = pb_lanes_load(packed + 4 * row);
            pb_lanes_put(wide + 2 * row, pb_lanes_even(word));
            pb_lanes_put(wide + 2 * row + 8, pb_lanes_odd(word));
        }
    }
#else
    for (uint32_t i = 0; i < 16 * quads; i++) {
        const uint32_t row = i / 4 % 4, column = i % 4;
        wide[i / 16 * 16 + 8 * (column & 1) + 2 * row + (column >> 1)] = (int8_t)packed[i];
    }
#endif
}

const pb_conv_storage pb_conv_storage_s8 = {widen, 16};
