/* Block normalisation, window and the first stage of the Fourier transform, which needs no
 * twiddles. */
#include "frontend_stages.h"

#ifndef __ARM_FEATURE_DSP

uint32_t pb_frontend_shift(const pb_frontend *frontend, const int16_t *pcm) {
    int32_t used = 1; /* silence counts as its last bit: a shift of 14 */
    for (uint32_t i = 0; i < frontend->frame; i++) {
        const int32_t sample = pcm[i];
        used |= sample ^ (sample >> 31);
    }
    return (uint32_t)__builtin_clz((uint32_t)used) - 17u;
}

static inline pb_complex32 weighted(const int16_t *pcm, int32_t even, int32_t odd) {
    const pb_complex32 product = {pcm[0] * even, pcm[1] * odd};
    return product;
}

/* Shifting left before or right less afterwards is the same: products are exact. */
static void first_stage_radix4(const pb_frontend *frontend, const int16_t *pcm, uint32_t down,
                               pb_bin *bins) {
    const uint32_t leg = frontend->frame / 4u;
    const int32_t peak = frontend->window_peak;
    const int32_t half = (int32_t)1 << (down - 1u);
    for (uint32_t n = 0; n < leg / 2u; n++) {
        const int16_t *x = pcm + 2u * n;
        const int16_t *rising = frontend->window + 2u * n;
        const int32_t first_even = rising[0], first_odd = rising[1];
        const int32_t second_even = rising[leg], second_odd = rising[leg + 1u];
        pb_complex32 a = weighted(x, first_even, first_odd);
        a.re += half;
        a.im += half;
        const pb_complex32 nb = weighted(x + leg, -second_even, -second_odd);
        const pb_complex32 nc = weighted(x + 2u * leg, first_even - peak, first_odd - peak);
        const pb_complex32 nd = weighted(x + 3u * leg, second_even - peak, second_odd - peak);
        pb_butterfly4(a, nb, nc, nd, down, bins + 4u * frontend->order[n], 1u);
    }
}

static void first_stage_radix2(const pb_frontend *frontend, const int16_t *pcm, uint32_t down,
                               pb_bin *bins) {
    const uint32_t leg = frontend->frame / 2u;
    const int32_t peak = frontend->window_peak;
    const int32_t half = (int32_t)1 << (down - 1u);
    for (uint32_t n = 0; n < leg / 2u; n++) {
        const int16_t *x = pcm + 2u * n;
        const int32_t even = frontend->window[2u * n], odd = frontend->window[2u * n + 1u];
        const pb_complex32 a = weighted(x, even, odd);
        const pb_complex32 nb = weighted(x + leg, even - peak, odd - peak);
        pb_bin *out = bins + 2u * frontend->order[n];
        out[0].z.re = (int16_t)((a.re - nb.re + half) >> down);
        out[0].z.im = (int16_t)((a.im - nb.im + half) >> down);
        out[1].z.re = (int16_t)((a.re + nb.re + half) >> down);
        out[1].z.im = (int16_t)((a.im + nb.im + half) >> down);
    }
}

void pb_frontend_window(const pb_frontend *frontend, const int16_t *pcm, uint32_t shift,
                        pb_bin *bins) {
    if (frontend->first_radix == 4u) {
        first_stage_radix4(frontend, pcm, 16u - shift, bins);
    } else {
        first_stage_radix2(frontend, pcm, 15u - shift, bins);
    }
}

#endif
