#include "conv_engine.h"
#include "conv_lanes.h"

static void widen(const uint8_t *packed, uint32_t quads, int16_t *wide) {
#if defined(__ARM_FEATURE_DSP)
    for (; quads > 0; quads--, packed += 8, wide += 16) {
        for (uint32_t half = 0; half < 2; half++) {
            const uint32_t word = (uint32_t)pb_lanes_load(packed + 4 * half);
            for (uint32_t pair = 0; pair < 4; pair++) {
                const uint32_t codes = word >> 4 * pair & 0x000F000Fu;
                pb_lanes_put(wide + 8 * (pair & 1) + 4 * half + (pair & 2),
                             __ssub16((int16x2_t)codes, 0x00080008));
            }
        }
    }
#else
    for (uint32_t i = 0; i < 16 * quads; i++) {
        const uint32_t row = i / 4 % 4, column = i % 4;
        const uint32_t nibble = 8 * (row >> 1) + 4 * (column >> 1) + 2 * (row & 1) + (column & 1);
        const int32_t code = packed[8 * (i / 16) + nibble / 2] >> 4 * (nibble & 1) & 15;
        wide[i / 16 * 16 + 8 * (column & 1) + 2 * row + (column >> 1)] = (int16_t)(code - 8);
    }
#endif
}

const pb_conv_storage pb_conv_storage_s4 = {widen, 8};
