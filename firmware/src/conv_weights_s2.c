#include "conv_engine.h"
#include "conv_lanes.h"

static void widen(const uint8_t *packed, uint32_t quads, int16_t *wide) {
#if defined(__ARM_FEATURE_DSP)
    for (; quads > 0; quads--, packed += 4, wide += 16) {
        const uint32_t word = (uint32_t)pb_lanes_load(packed);
        for (uint32_t pair = 0; pair < 8; pair++) {
            const uint32_t codes = word >> 2 * pair & 0x00030003u;
            pb_lanes_put(wide + 8 * (pair & 1) + (pair & 6),
                         __ssub16((int16x2_t)codes, 0x00020002));
        }
    }
#else
    for (uint32_t i = 0; i < 16 * quads; i++) {
        const uint32_t row = i / 4 % 4, column = i % 4;
        const uint32_t field = 8 * (column >> 1) + 2 * row + (column & 1);
        const int32_t code = packed[4 * (i / 16) + field / 4] >> 2 * (field & 3) & 3;
        wide[i / 16 * 16 + 8 * (column & 1) + 2 * row + (column >> 1)] = (int16_t)(code - 2);
    }
#endif
}

const pb_conv_storage pb_conv_storage_s2 = {widen, 4};
