/* Block normalisation, window and first stage on packed words: a sum of products is shifted up by
 * the block's shift, and its upper half is the result. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP
#include "frontend_words.h"

uint32_t pb_frontend_shift(const pb_frontend *frontend, const int16_t *pcm) {
    /* Where a bit differs from the one below it: in each half, the highest such bit is one above
     * the highest that is used. The bit that looks over to the other sample is masked. */
    uint32_t changes = 0;
    for (const int16_t *end = pcm + frontend->frame; pcm < end; pcm += 8) {
        uint32_t a = (uint32_t)pb_word_at(pcm), b = (uint32_t)pb_word_at(pcm + 2);
        uint32_t c = (uint32_t)pb_word_at(pcm + 4), d = (uint32_t)pb_word_at(pcm + 6);
        /* In this order no instruction waits for a shifted operand. */
        __asm("eor %1, %1, %1, lsl #1\n\t"
              "eor %2, %2, %2, lsl #1\n\t"
              "eor %3, %3, %3, lsl #1\n\t"
              "eor %4, %4, %4, lsl #1\n\t"
              "orr %0, %0, %1\n\t"
              "orr %0, %0, %2\n\t"
              "orr %0, %0, %3\n\t"
              "orr %0, %0, %4"
              : "+r"(changes), "+r"(a), "+r"(b), "+r"(c), "+r"(d));
    }
    const uint32_t used = ((changes >> 16 | changes) & 0xFFFEu) | 2u;
    return (uint32_t)__builtin_clz(used) - 16u;
}

/* What the radix-4 stage reads on its way; its registers hold the numbers of one result. */
typedef struct {
    uint32_t leg;             /* bytes between the samples of two legs */
    int16x2_t peak;           /* of the window, twice */
    int32_t half;             /* of what the result drops, before the shift */
    pb_bin *bins;             /* where the results go */
    uint32_t count_and_shift; /* results less one << 8, the block's shift below */
} radix4;

__attribute__((naked, noinline)) static void first_stage_radix4(const radix4 *stage,
                                                                const int16_t *pcm,
                                                                const int16_t *window,
                                                                const uint8_t *order) {
    (void)stage, (void)pcm, (void)window, (void)order;
    __asm volatile("   push    {r4-r11, lr}            \n"
                   "   sub     sp, #4                  \n"
                   "   str     r0, [sp]                \n"
                   "   mov     r12, r0                 \n"
                   "   ldr     lr, [r0, #16]           \n"
                   "1: ldrd    r0, r4, [r12]           \n" /* leg, peak */
                   "   ldr     r5, [r2, r0]            \n"
                   "   ldr     r6, [r1, r0]            \n"
                   "   add     r7, r1, r0              \n"
                   "   ldr     r7, [r7, r0, lsl #1]    \n"
                   "   ssub16  r8, r4, r5              \n"
                   "   smulbb  r9, r6, r5              \n"
                   "   smultt  r10, r6, r5             \n"
                   "   smlabb  r5, r7, r8, r9          \n" /* b + d */
                   "   smlatt  r6, r7, r8, r10         \n"
                   "   ldr     r8, [r1, r0, lsl #1]    \n"
                   "   ldr     r7, [r2], #4            \n"
                   "   ldr     r11, [r1], #4           \n"
                   "   rsb     r9, r5, r9, lsl #1      \n" /* b - d */
                   "   rsb     r10, r6, r10, lsl #1    \n"
                   "   ldr     r12, [r12, #8]          \n"
                   "   ssub16  r4, r4, r7              \n"
                   "   smlabb  r0, r11, r7, r12        \n"
                   "   smlatt  r12, r11, r7, r12       \n"
                   "   ldrb    r11, [r3], #1           \n"
                   "   smlabb  r7, r8, r4, r0          \n" /* a + c */
                   "   smlatt  r8, r8, r4, r12         \n"
                   "   add     r4, r7, r5              \n"
                   "   rsb     r0, r7, r0, lsl #1      \n" /* a - c */
                   "   rsb     r12, r8, r12, lsl #1    \n"
                   "   sub     r7, r7, r5              \n"
                   "   add     r5, r8, r6              \n"
                   "   sub     r8, r8, r6              \n"
                   "   lsl     r4, r4, lr              \n"
                   "   lsl     r5, r5, lr              \n"
                   "   lsl     r7, r7, lr              \n"
                   "   lsl     r8, r8, lr              \n"
                   "   pkhtb   r4, r5, r4, asr #16     \n"
                   "   pkhtb   r6, r8, r7, asr #16     \n"
                   "   add     r5, r0, r10             \n"
                   "   sub     r7, r12, r9             \n"
                   "   sub     r0, r0, r10             \n"
                   "   add     r8, r12, r9             \n"
                   "   ldr     r12, [sp]               \n"
                   "   lsl     r5, r5, lr              \n"
                   "   lsl     r7, r7, lr              \n"
                   "   ldr     r9, [r12, #12]          \n"
                   "   lsl     r0, r0, lr              \n"
                   "   lsl     r8, r8, lr              \n"
                   "   add     r9, r9, r11, lsl #4     \n"
                   "   pkhtb   r5, r7, r5, asr #16     \n"
                   "   pkhtb   r7, r8, r0, asr #16     \n"
                   "   subs    lr, lr, #256            \n"
                   "   stm     r9, {r4-r7}             \n"
                   "   bcs     1b                      \n"
                   "   add     sp, #4                  \n"
                   "   pop     {r4-r11, pc}            \n");
}

static void first_stage_radix2(const pb_frontend *frontend, const int16_t *pcm, uint32_t shift,
                               pb_bin *bins) {
    const uint32_t leg = frontend->frame / 2u;
    const int16x2_t peak = frontend->window_peak * 0x10001;
    const int32_t half = 0x4000 >> shift;
    const int16_t *window = frontend->window;
    const uint8_t *order = frontend->order;
    for (const uint8_t *end = order + leg / 2u; order < end; order++, pcm += 2, window += 2) {
        const int16x2_t h = pb_word_at(window), falling = __ssub16(peak, h);
        const int16x2_t a = pb_word_at(pcm), b = pb_word_at(pcm + leg);
        const int32_t a_re = __smlabb(a, h, half), a_im = __smlatt(a, h, half);
        const int32_t sum_re = __smlabb(b, falling, a_re), sum_im = __smlatt(b, falling, a_im);
        pb_bin *out = bins + 2u * *order;
        out[0].power = (uint32_t)pb_upper_halves(sum_re << (shift + 1u), sum_im << (shift + 1u));
        out[1].power = (uint32_t)pb_upper_halves((2 * a_re - sum_re) << (shift + 1u),
                                                 (2 * a_im - sum_im) << (shift + 1u));
    }
}

void pb_frontend_window(const pb_frontend *frontend, const int16_t *pcm, uint32_t shift,
                        pb_bin *bins) {
    if (frontend->first_radix == 2u) {
        first_stage_radix2(frontend, pcm, shift, bins);
        return;
    }
    const radix4 stage = {
        .leg = frontend->frame / 2u,
        .peak = frontend->window_peak * 0x10001,
        .half = 0x8000 >> shift,
        .bins = bins,
        .count_and_shift = (frontend->frame / 8u - 1u) << 8 | shift,
    };
    first_stage_radix4(&stage, pcm, frontend->window, frontend->order);
}

#endif
