/* Power of the real transform: two bins in 19 instructions. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP

void pb_frontend_power(const pb_frontend *frontend, pb_bin *bins) {
    pb_bin *low = bins + frontend->first_pair;
    pb_bin *high = bins + frontend->frame / 2u - frontend->first_pair;
    const pb_complex16 *factor = frontend->split;
    const pb_complex16 *end = factor + frontend->pairs;
    do {
        uint32_t a, l, h, turned, u, v;
        /* In this order no instruction waits for a load, a product or a shifted operand. */
        __asm volatile(
            "ldr %[h], [%[high]]\n\t"
            "ldr %[a], [%[factor]], #4\n\t"
            "ldr %[l], [%[low]]\n\t"
            "ssax %[turned], %[zero], %[h]\n\t" /* (h.im, -h.re) */
            "smuad %[u], %[a], %[l]\n\t"
            "smusdx %[v], %[a], %[l]\n\t"
            "smladx %[u], %[a], %[turned], %[u]\n\t"
            "smlsd %[v], %[a], %[turned], %[v]\n\t"
            "add %[h], %[u], %[h], lsl #16\n\t"
            "sub %[turned], %[v], %[turned], lsl #16\n\t"
            "rsb %[u], %[u], %[l], lsl #16\n\t"
            "smmulr %[h], %[h], %[h]\n\t"
            "bfc %[l], #0, #16\n\t"
            "sub %[v], %[l], %[v]\n\t"
            "smmulr %[u], %[u], %[u]\n\t"
            "smmlar %[h], %[turned], %[turned], %[h]\n\t"
            "smmlar %[u], %[v], %[v], %[u]\n\t"
            "str %[h], [%[low]], #4\n\t"
            "str %[u], [%[high]], #-4"
            : [a] "=&r"(a), [l] "=&r"(l), [h] "=&r"(h), [turned] "=&r"(turned), [u] "=&r"(u),
              [v] "=&r"(v), [low] "+r"(low), [high] "+r"(high), [factor] "+r"(factor)
            : [zero] "r"(0)
            : "memory");
    } while (factor != end);
}

#endif
