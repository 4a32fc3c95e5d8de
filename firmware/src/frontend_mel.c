/* Triangular mel filters and the logarithm. */
#include "frontend_stages.h"

/* log2 of a positive number, 15 fraction bits: leading one, then a table with linear interpolation.
 */
static int32_t log2_q15(const uint16_t *table, uint64_t value) {
    const uint32_t high = (uint32_t)(value >> 32);
    const int32_t zeros = high != 0u ? __builtin_clz(high) : 32 + __builtin_clz((uint32_t)value);
    const uint32_t top = (uint32_t)((value << zeros) >> 43);
    const uint32_t segment = (top >> 15) & 31u;
    const int32_t fraction = (int32_t)(top & 0x7FFFu);
    const int32_t base = table[segment];
    const int32_t rise = table[segment + 1u] - base;
    return ((63 - zeros) << 15) + base + ((rise * fraction + 0x4000) >> 15);
}

void pb_frontend_mel(const pb_frontend *frontend, const pb_bin *bins, uint32_t shift,
                     int16_t *features) {
    const uint16_t *weight = frontend->mel_weights;
    for (uint32_t band = 0; band < frontend->mel_bands; band++) {
        const pb_bin *bin = bins + frontend->mel_start[band];
        const pb_bin *end = bin + frontend->mel_length[band];
        uint64_t energy = 0;
        for (; bin < end; bin++, weight++) {
            energy += (uint64_t)bin->power * *weight;
        }
        int32_t feature = frontend->floor;
        if (energy != 0u) {
            const int32_t level = log2_q15(frontend->log_table, energy) +
                                  frontend->mel_offset[band] - (int32_t)(shift << 16);
            const int32_t rounded = (level + 0x40) >> 7;
            feature = rounded > feature ? rounded : feature;
        }
        features[band] = (int16_t)feature;
    }
}
