#include "conv_engine.h"

static void widen(const uint8_t *packed, uint32_t quads, int16_t *wide) {
    for (uint32_t i = 0; i < 16 * quads; i++) {
        const uint32_t row = i / 4 % 4, column = i % 4;
        const uint32_t nibble = 8 * (row >> 1) + 4 * (column >> 1) + 2 * (row & 1) + (column & 1);
        const int32_t code = packed[8 * (i / 16) + nibble / 2] >> 4 * (nibble & 1) & 15;
        wide[i / 16 * 16 + 8 * (column & 1) + 2 * row + (column >> 1)] = (int16_t)(code - 8);
    }
}

const pb_conv_storage pb_conv_storage_s4 = {widen, 8};
