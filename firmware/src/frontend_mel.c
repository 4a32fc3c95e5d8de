/* Triangular mel filters and the logarithm. */
#include "frontend_stages.h"

#ifndef __ARM_FEATURE_DSP

/* log2 of a normalised word, its leading one at bit 31: 0 for 2^31, 15 fraction bits. The table's
 * value stands above twice its rise, so one multiply-accumulate adds both. */
static inline int32_t log2_mantissa(const uint32_t *table, uint32_t word) {
    const uint32_t entry = table[(word >> 26) & 31u];
    return (int32_t)((entry + (entry & 0xFFFFu) * ((word >> 11) & 0x7FFFu)) >> 16);
}

void pb_frontend_mel(const pb_frontend *frontend, const pb_bin *bins, uint32_t shift,
                     int16_t *features) {
    const int32_t at_top = (63 << 15) - (int32_t)(shift << 16) + 0x40; /* 0x40 rounds */
    const int32_t *offset = frontend->mel_offset;
    const pb_mel_segment *segment = frontend->mel_segments;
    const pb_mel_run *run = frontend->mel_runs;
    for (const pb_mel_run *end = run + frontend->runs; run < end; run++) {
        const pb_bin *bin = bins + run->first_bin;
        uint64_t energy = 0;
        for (uint32_t edge = 0; edge <= run->bands; edge++, segment++) {
            uint32_t sum = 0;
            uint64_t stepped = 0; /* the last bin counts 0 times, the one before once, ... */
            for (const pb_bin *last = bin + segment->length; bin < last; bin++) {
                stepped += sum;
                sum += bin->power;
            }
            const uint64_t falling = (uint64_t)segment->last * sum + segment->step * stepped;
            if (edge > 0u) {
                energy += falling;
                int32_t feature = frontend->floor;
                if (energy != 0u) {
                    const int32_t zeros = __builtin_clzll(energy);
                    const uint32_t word = (uint32_t)((energy << zeros) >> 32);
                    const int32_t level =
                        at_top + *offset - (zeros << 15) + log2_mantissa(frontend->log_table, word);
                    feature = level >> 7 > feature ? level >> 7 : feature;
                }
                *features++ = (int16_t)feature;
                offset++;
            }
            energy = ((uint64_t)sum << PB_MEL_PEAK_BITS) - falling;
        }
    }
}

#endif
