/* Radix-4 stages on packed words: 18 instructions a butterfly besides its loads and stores. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP

/* One stage over all blocks of 4 * quarter points, `quarter` in bytes, `step` bytes from one
 * butterfly's twiddles to the next one's. Assembly: a butterfly needs all fourteen registers. */
__attribute__((naked, noinline)) static void stage(pb_bin *bins, uint32_t quarter,
                                                   const pb_complex16 *twiddles, uint32_t step,
                                                   const pb_bin *end) {
    (void)bins, (void)quarter, (void)twiddles, (void)step, (void)end;
    __asm volatile("   push    {r4-r11, lr}            \n"
                   "   lsr     r4, r1, #2              \n"
                   "   mla     r4, r4, r3, r2          \n" /* end of the twiddles */
                   "   push    {r2, r4}                \n"
                   "   mov     r9, r3                  \n"
                   "   mov     r8, r2                  \n"
                   "   add     r2, r1, r1, lsl #1      \n"
                   "   movw    r11, #0x8000            \n"
                   "   mov     r12, #0x00010001        \n"
                   "1: ldr     r10, [r8, #4]           \n"
                   "   ldr     r6, [r0, r1, lsl #1]    \n"
                   "   ldr     r4, [r0]                \n"
                   "   smlad   lr, r6, r10, r11        \n"
                   "   smlsdx  r6, r10, r6, r11        \n"
                   "   ldr     r10, [r8]               \n"
                   "   ldr     r5, [r0, r1]            \n"
                   "   pkhtb   r6, r6, lr, asr #16     \n" /* c */
                   "   shadd16 r4, r4, r12             \n" /* a */
                   "   smlad   lr, r5, r10, r11        \n"
                   "   smlsdx  r5, r10, r5, r11        \n"
                   "   ldr     r10, [r8, #8]           \n"
                   "   ldr     r7, [r0, r2]            \n"
                   "   pkhtb   r5, r5, lr, asr #16     \n" /* b */
                   "   add     r8, r8, r9              \n"
                   "   smlad   lr, r7, r10, r11        \n"
                   "   smlsdx  r7, r10, r7, r11        \n"
                   "   ssub16  r10, r4, r6             \n" /* t */
                   "   pkhtb   r7, r7, lr, asr #16     \n" /* d */
                   "   sadd16  r4, r4, r6              \n" /* u */
                   "   sadd16  r6, r5, r7              \n" /* v */
                   "   ssub16  r5, r5, r7              \n" /* w */
                   "   shsub16 lr, r10, r6             \n"
                   "   shadd16 r10, r10, r6            \n"
                   "   shasx   r6, r4, r5              \n"
                   "   shsax   r4, r4, r5              \n"
                   "   str     r6, [r0, r1]            \n"
                   "   str     r10, [r0, r1, lsl #1]   \n"
                   "   ldr     r10, [sp, #4]           \n"
                   "   str     r4, [r0, r2]            \n"
                   "   str     lr, [r0], #4            \n"
                   "   cmp     r8, r10                 \n"
                   "   bne     1b                      \n"
                   "   ldr     r8, [sp]                \n"
                   "   ldr     r10, [sp, #44]          \n"
                   "   add     r0, r0, r2              \n"
                   "   cmp     r0, r10                 \n"
                   "   bne     1b                      \n"
                   "   pop     {r2, r4}                \n"
                   "   pop     {r4-r11, pc}            \n");
}

void pb_frontend_fft(const pb_frontend *frontend, pb_bin *bins) {
    const uint32_t points = frontend->frame / 2u;
    uint32_t step = 3u * points / frontend->first_radix;
    for (uint32_t quarter = frontend->first_radix; quarter < points; quarter *= 4u, step /= 4u) {
        stage(bins, 4u * quarter, frontend->twiddles, step, bins + points);
    }
}

#endif
