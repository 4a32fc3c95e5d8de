/* Mel bands and logarithm in assembly: five instructions a bin, ten a logarithm. */
#include "frontend_stages.h"

#ifdef __ARM_FEATURE_DSP

/* What the bands of a frame share. */
typedef struct {
    int16_t *features;         /* where the next one goes */
    const int32_t *offset;     /* of the next band */
    const uint32_t *log_table; /* of pb_frontend */
    int32_t at_top;            /* level of an energy of 2^63, before the offset */
    int32_t floor;
} bands;

/* The bands between `segment` and `end`, whose first bin is `bin`: features and offset move on. The
 * sums of a segment are in r3 (plain) and r4, r5 (the last bin 0 times, the one before once, ...);
 * r8, r9 hold the energy of the band that is open. */
__attribute__((naked, noinline)) static void run_of_bands(bands *bands, const pb_bin *bin,
                                                          const pb_mel_segment *segment,
                                                          const pb_mel_segment *end) {
    (void)bands, (void)bin, (void)segment, (void)end;
    __asm volatile("   push    {r4-r11, lr}            \n"
                   "   ldm     r0, {r10-r12}           \n" /* features, offset, log_table */
                   "   ldrd    r4, r5, [r0, #12]       \n" /* at_top, floor */
                   "   add     r6, r2, #12             \n" /* the segment that only opens */
                   "   push    {r0, r3-r6}             \n"
                   "   mov     r0, r1                  \n"
                   "   mov     r1, r2                  \n"
                   "   movs    r2, #1                  \n"
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
                   "   ldr     r4, [sp, #16]           \n"
                   "   adds    r8, r8, r6              \n"
                   "   adc     r9, r9, lr              \n"
                   "   cmp     r1, r4                  \n"
                   "   beq     6f                      \n"
                   "   cmp     r9, #0                  \n"
                   "   ldrd    r4, r5, [sp, #8]        \n" /* at_top, floor */
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
                   "   ldr     r5, [sp, #12]           \n"
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
                   "   pop     {r0, r3-r6}             \n"
                   "   strd    r10, r11, [r0]          \n"
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
    bands bands = {
        .features = features,
        .offset = frontend->mel_offset,
        .log_table = frontend->log_table,
        .at_top = (63 << 15) - (int32_t)(shift << 16) + 0x40, /* 0x40 rounds */
        .floor = frontend->floor,
    };
    const pb_mel_segment *segment = frontend->mel_segments;
    for (uint32_t i = 0; i < frontend->runs; i++) {
        const pb_mel_run run = frontend->mel_runs[i];
        const pb_mel_segment *end = segment + run.bands + 1;
        run_of_bands(&bands, bins + run.first_bin, segment, end);
        segment = end;
    }
}

#endif
