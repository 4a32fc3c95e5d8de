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

/* Unsigned: sums wrap, and only the differences that are squared are known to fit int32. */
static inline uint32_t product(int32_t factor, int32_t value) {
    return (uint32_t)(factor * value);
}

static inline uint32_t shifted(int16_t part) {
    return (uint32_t)part << 16;
}

/* The square of a number with 16 fraction bits, rounded to a whole one. */
static inline uint32_t squared(uint32_t part) {
    const int64_t number = (int32_t)part;
    return (uint32_t)((number * number + INT64_C(0x80000000)) >> 32);
}

void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins) {
    pb_bin *low = bins + frontend->first_pair;
    pb_bin *high = bins + frontend->frame / 2u - frontend->first_pair;
    const pb_complex16 *factor = frontend->split;
    for (const pb_complex16 *end = factor + frontend->pairs; factor < end;
         factor++, low++, high--) {
        const pb_complex16 l = low->z, h = high->z;
        const int32_t odd_re = l.re - h.re, odd_im = l.im + h.im;
        const uint32_t u = product(factor->re, odd_re) + product(factor->im, odd_im);
        const uint32_t v = product(factor->re, odd_im) - product(factor->im, odd_re);
        low->power = squared(shifted(h.re) + u) + squared(shifted(h.im) - v);
        high->power = squared(shifted(l.re) - u) + squared(shifted(l.im) - v);
    }
}

#endif
