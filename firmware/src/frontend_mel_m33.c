/* Mel bands and logarithm in assembly: five instructions a bin, ten a logarithm. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP

/* The sums of a segment are in r3 (plain) and r4, r5 (the last bin 0 times, the one before once,
 * ...); r8, r9 hold the energy of the band that is open. On the stack, from its end: where the
 * run's first segment ends, where its last one does, bins, run, end; further up the arguments. */
__attribute__((naked, noinline)) static void
all_bands(const pb_bin *bins, const pb_mel_segment *segment, const pb_mel_run *run,
          const pb_mel_run *end, int16_t *features, const int32_t *offset,
          const uint32_t *log_table, int32_t at_top, int32_t floor) {
    (void)bins, (void)segment, (void)run, (void)end;
    (void)features, (void)offset, (void)log_table, (void)at_top, (void)floor;
    __asm volatile("   push    {r4-r11, lr}            \n"
                   "   push    {r0, r2, r3}            \n"
                   "   sub     sp, #8                  \n"
                   "   add     r4, sp, #56             \n"
                   "   ldm     r4, {r10-r12}           \n" /* features, offset, log_table */
                   "   movs    r2, #1                  \n"
                   "0: ldr     r4, [sp, #12]           \n"
                   "   ldr     r0, [sp, #8]            \n"
                   "   ldm     r4!, {r5, r6}           \n" /* first_bin, bands */
                   "   add     r7, r1, #12             \n"
                   "   str     r4, [sp, #12]           \n"
                   "   add     r6, r6, r6, lsl #1      \n"
                   "   add     r0, r0, r5, lsl #2      \n"
                   "   add     r6, r7, r6, lsl #2      \n"
                   "   strd    r7, r6, [sp]            \n"
                   "1: ldr     lr, [r1], #4            \n"
                   "   movs    r3, #0                  \n"
                   "   movs    r4, #0                  \n"
                   "   movs    r5, #0                  \n"
                   "   add     lr, r0, lr, lsl #2      \n"
                   "   cmp     r0, lr                  \n"
                   "   beq     3f                      \n"
                   "2: ldr     r6, [r0], #4            \n"
                   "   umlal   r4, r5, r3, r2          \n"
                   "   cmp     r0, lr                  \n"
                   "   add     r3, r6                  \n"
                   "   bne     2b                      \n"
                   "3: ldm     r1!, {r6, r7}           \n" /* last, step */
                   "   umull   r6, lr, r6, r3          \n"
                   "   umlal   r6, lr, r7, r4          \n"
                   "   mla     lr, r7, r5, lr          \n"
                   "   ldr     r4, [sp]                \n"
                   "   adds    r8, r8, r6              \n"
                   "   adc     r9, r9, lr              \n"
                   "   cmp     r1, r4                  \n"
                   "   beq     6f                      \n"
                   "   cmp     r9, #0                  \n"
                   "   ldrd    r4, r5, [sp, #68]       \n" /* at_top, floor */
                   "   ldr     r7, [r11], #4           \n"
                   "   beq     7f                      \n"
                   "4: add     r4, r4, r7              \n"
                   /* The logarithm of r9, r8. */
                   "   clz     r7, r9                  \n"
                   "   sub     r4, r4, r7, lsl #15     \n"
                   "   lsl     r7, r2, r7              \n"
                   "   umull   r5, r8, r8, r7          \n"
                   "   mla     r9, r9, r7, r8          \n"
                   "   ubfx    r7, r9, #26, #5         \n"
                   "   ldr     r7, [r12, r7, lsl #2]   \n"
                   "   ubfx    r9, r9, #11, #15        \n"
                   "   smlabb  r7, r7, r9, r7          \n"
                   "   ldr     r5, [sp, #72]           \n"
                   "   add     r4, r4, r7, lsr #16     \n"
                   "   asr     r4, r4, #7              \n"
                   "   cmp     r4, r5                  \n"
                   "   it      lt                      \n"
                   "   movlt   r4, r5                  \n"
                   "   strh    r4, [r10], #2           \n"
                   "6: ldr     r4, [sp, #4]            \n"
                   "   rsbs    r8, r6, r3, lsl #20     \n"
                   "   lsr     r3, r3, #12             \n"
                   "   sbc     r9, r3, lr              \n"
                   "   cmp     r1, r4                  \n"
                   "   bne     1b                      \n"
                   "   ldrd    r4, r5, [sp, #12]       \n"
                   "   cmp     r4, r5                  \n"
                   "   bne     0b                      \n"
                   "   add     sp, #20                 \n"
                   "   pop     {r4-r11, pc}            \n"
                   /* An energy under 2^32, or none: then its level is the floor. */
                   "7: movs    r9, r8                  \n"
                   "   ittt    ne                      \n"
                   "   movne   r8, #0                  \n"
                   "   subne   r4, r4, #0x100000       \n"
                   "   bne     4b                      \n"
                   "   mov     r4, r5                  \n"
                   "   strh    r4, [r10], #2           \n"
                   "   b       6b                      \n");
}

void pb_frontend_mel(const pb_frontend *frontend, const pb_bin *bins, uint32_t shift,
                     int16_t *features) {
    const int32_t at_top = (63 << 15) - (int32_t)(shift << 16) + 0x40; /* 0x40 rounds */
    all_bands(bins, frontend->mel_segments, frontend->mel_runs, frontend->mel_runs + frontend->runs,
              features, frontend->mel_offset, frontend->log_table, at_top, frontend->floor);
}

#endif
