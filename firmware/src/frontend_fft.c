/* Radix-4 stages of the complex transform, and its split into the power of a real one. */
#include "frontend_stages.h"

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
    const pb_complex16 *twiddle = frontend->twiddles;
    for (uint32_t quarter = frontend->first_radix; quarter < points; quarter *= 4u) {
        for (uint32_t k = 0; k < quarter; k++, twiddle += 3) {
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

/* Power of half of (re, im), both already rounded up by a half. */
static inline uint32_t half_power(int32_t re, int32_t im) {
    re >>= 1;
    im >>= 1;
    return (uint32_t)(re * re + im * im);
}

void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins) {
    const uint32_t points = frontend->frame / 2u;
    const pb_complex16 first = bins[0].z;
    bins[0].power = (uint32_t)((first.re + first.im) * (first.re + first.im));
    bins[points].power = (uint32_t)((first.re - first.im) * (first.re - first.im));
    const pb_complex16 *twiddle = frontend->split;
    for (uint32_t k = 1; k <= points / 2u; k++, twiddle++) {
        const pb_complex16 low = bins[k].z, high = bins[points - k].z;
        const int32_t even_re = low.re + high.re + 1, even_im = low.im - high.im + 1;
        const int32_t odd_re = low.re - high.re, odd_im = low.im + high.im;
        const int32_t across = (odd_im * twiddle->re - odd_re * twiddle->im + 0x4000) >> 15;
        const int32_t along = (odd_re * twiddle->re + odd_im * twiddle->im + 0x4000) >> 15;
        bins[k].power = half_power(even_re - across, even_im + along);
        bins[points - k].power = half_power(even_re + across, even_im - along);
    }
}
