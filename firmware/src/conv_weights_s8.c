#include "conv_engine.h"

static void widen(const uint8_t *packed, uint32_t quads, int16_t *wide) {
    for (uint32_t i = 0; i < 16 * quads; i++) {
        const uint32_t row = i / 4 % 4, column = i % 4;
        wide[i / 16 * 16 + 8 * (column & 1) + 2 * row + (column >> 1)] = (int8_t)packed[i];
    }
}

const pb_conv_storage pb_conv_storage_s8 = {widen, 16};
