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

static int16_t feature_of(const pb_frontend *frontend, uint64_t energy, int32_t offset) {
    if (energy == 0u) {
        return frontend->floor;
    }
    const int32_t rounded = (log2_q15(frontend->log_table, energy) + offset + 0x40) >> 7;
    return (int16_t)(rounded > frontend->floor ? rounded : frontend->floor);
}

void pb_frontend_mel(const pb_frontend *frontend, const pb_bin *bins, uint32_t shift,
                     int16_t *features) {
    const int32_t scaling = (int32_t)(shift << 16);
    const int32_t *offset = frontend->mel_offset;
    const pb_mel_segment *segment = frontend->mel_segments;
    const pb_mel_run *run = frontend->mel_runs;
    for (const pb_mel_run *end = run + frontend->runs; run < end; run++) {
        const pb_bin *bin = bins + run->first_bin;
        uint64_t energy = 0;
        for (uint32_t edge = 0; edge <= run->bands; edge++, segment++) {
            uint32_t sum = 0;
            uint64_t steps = 0; /* the last bin counts 0 times, the one before once, ... */
            for (const pb_bin *last = bin + segment->length; bin < last; bin++) {
                steps += sum;
                sum += bin->power;
            }
            const uint64_t falling = (uint64_t)segment->last * sum + segment->step * steps;
            if (edge > 0u) {
                *features++ = feature_of(frontend, energy + falling, *offset++ - scaling);
            }
            energy = ((uint64_t)sum << PB_MEL_PEAK_BITS) - falling;
        }
    }
}
