/* Radix-4 stages of the complex transform, and its split into the power of a real one. */
#include "frontend_stages.h"

#ifndef __ARM_FEATURE_DSP

/* Half of -(z * twiddle), rounded half up. */
static inline pb_complex32 rotated(pb_complex16 z, pb_complex16 twiddle) {
    const pb_complex32 product = {
        (z.re * twiddle.re + z.im * twiddle.im + 0x8000) >> 16,
        (z.im * twiddle.re - z.re * twiddle.im + 0x8000) >> 16,
    };
    return product;
}

void pb_frontend_fft(const pb_frontend *frontend, pb_bin *bins) {
    const uint32_t points = frontend->frame / 2u;
    for (uint32_t quarter = frontend->first_radix; quarter < points; quarter *= 4u) {
        const pb_complex16 *twiddle = frontend->twiddles;
        const uint32_t step = 3u * (points / 4u / quarter);
        for (uint32_t k = 0; k < quarter; k++, twiddle += step) {
            const pb_complex16 w1 = twiddle[0], w2 = twiddle[1], w3 = twiddle[2];
            for (uint32_t block = k; block < points; block += 4u * quarter) {
                pb_bin *leg = bins + block;
                const pb_complex32 a = {(leg->z.re + 1) >> 1, (leg->z.im + 1) >> 1};
                const pb_complex32 nb = rotated(leg[quarter].z, w1);
                const pb_complex32 nc = rotated(leg[2u * quarter].z, w2);
                const pb_complex32 nd = rotated(leg[3u * quarter].z, w3);
                pb_butterfly4(a, nb, nc, nd, 1u, leg, quarter);
            }
        }
    }
}

static inline uint32_t squared(int16_t re, int16_t im) {
    return (uint32_t)(re * re + im * im);
}

/* Unsigned: sums wrap, and only the differences that are squared are known to fit int16. */
static inline uint32_t product(int32_t factor, int32_t value) {
    return (uint32_t)(factor * value);
}

void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins) {
    pb_bin *low = bins + frontend->first_pair;
    pb_bin *high = bins + frontend->frame / 2u - frontend->first_pair;
    const pb_complex16 *factor = frontend->split;
    for (const pb_complex16 *end = factor + frontend->pairs; factor < end;
         factor++, low++, high--) {
        const pb_complex16 l = low->z, h = high->z;
        const int32_t odd_re = l.re - h.re, odd_im = l.im + h.im;
        const uint32_t re = product(factor->re, odd_re) + product(factor->im, odd_im) + 0x8000u;
        const uint32_t im = product(factor->re, odd_im) - product(factor->im, odd_re) + 0x8000u;
        const int32_t u = (int32_t)re >> 16, v = (int32_t)im >> 16;
        low->power = squared((int16_t)(h.re + u), (int16_t)(h.im - v));
        high->power = squared((int16_t)(l.re - u), (int16_t)(l.im - v));
    }
}

#endif
