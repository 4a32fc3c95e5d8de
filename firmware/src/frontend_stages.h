/* The stages of the front end, in the order in which a frame goes through them.
 *
 * Right shifts of negative numbers are arithmetic: so GCC, Clang and Arm's compilers define it. */
#ifndef PROOFBOARD_FRONTEND_STAGES_H
#define PROOFBOARD_FRONTEND_STAGES_H

#include "proofboard/frontend.h"

typedef struct {
    int32_t re;
    int32_t im;
} pb_complex32;

/* The left shift, 0..14, that fills int16 with the largest of pcm [frame]. */
uint32_t pb_frontend_shift(const pb_frontend *frontend, const int16_t *pcm);

/* pcm [frame] << shift, windowed, through the first stage, into bins [N] in digit-reversed order.
 */
void pb_frontend_window(const pb_frontend *frontend, const int16_t *pcm, uint32_t shift,
                        pb_bin *bins);

/* The other stages, in place: bins [N] become the spectrum in natural order. */
void pb_frontend_fft(const pb_frontend *frontend, pb_bin *bins);

/* Bins of the real transform, in place: the pairs in use from complex to power. */
void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins);

/* features [mel_bands] from the power of bins [N]. */
void pb_frontend_mel(const pb_frontend *frontend, const pb_bin *bins, uint32_t shift,
                     int16_t *features);

/* Four-point transform of a, -b, -c, -d to out[0], out[stride], ..., each shifted right by `down`.
 */
static inline void pb_butterfly4(pb_complex32 a, pb_complex32 nb, pb_complex32 nc, pb_complex32 nd,
                                 uint32_t down, pb_bin *out, uint32_t stride) {
    const pb_complex32 sum = {a.re - nc.re, a.im - nc.im};
    const pb_complex32 difference = {a.re + nc.re, a.im + nc.im};
    const pb_complex32 odd_sum = {nb.re + nd.re, nb.im + nd.im};
    const pb_complex32 odd_difference = {nb.re - nd.re, nb.im - nd.im};
    out[0].z.re = (int16_t)((sum.re - odd_sum.re) >> down);
    out[0].z.im = (int16_t)((sum.im - odd_sum.im) >> down);
    out += stride;
    out[0].z.re = (int16_t)((difference.re - odd_difference.im) >> down);
    out[0].z.im = (int16_t)((difference.im + odd_difference.re) >> down);
    out += stride;
    out[0].z.re = (int16_t)((sum.re + odd_sum.re) >> down);
    out[0].z.im = (int16_t)((sum.im + odd_sum.im) >> down);
    out += stride;
    out[0].z.re = (int16_t)((difference.re + odd_difference.im) >> down);
    out[0].z.im = (int16_t)((difference.im - odd_difference.re) >> down);
}

#endif
