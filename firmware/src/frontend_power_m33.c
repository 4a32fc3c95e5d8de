/* Power of the real transform: two bins in 16 instructions. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP
#include "frontend_words.h"

void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins) {
    pb_bin *low = bins + frontend->first_pair;
    pb_bin *high = bins + frontend->frame / 2u - frontend->first_pair;
    const pb_complex16 *factor = frontend->split;
    const pb_complex16 *end = factor + frontend->pairs;
    do {
        const int16x2_t a = pb_complex_at(factor);
        const int16x2_t l = pb_complex_at(&low->z);
        const int16x2_t h = pb_complex_at(&high->z);
        const int16x2_t turned = __ssax(0, h); /* (h.im, -h.re) */
        const int32_t u = __smladx(a, turned, __smlad(a, l, 0x8000));
        const int32_t v = __smlsd(a, turned, __smlsdx(a, l, 0x8000));
        const int16x2_t at_low = __ssub16(turned, pb_upper_halves(v, u));
        const int16x2_t at_high = __ssub16(l, pb_upper_halves(u, v));
        (low++)->power = (uint32_t)__smuad(at_low, at_low);
        (high--)->power = (uint32_t)__smuad(at_high, at_high);
        factor++;
    } while (factor != end);
}

#endif
