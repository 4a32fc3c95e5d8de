#include "proofboard/dense.h"

#if defined(__ARM_FEATURE_DSP)

#include "dense_m33.h"

/* With b = 16 * w1 + w0 + 8, a byte as it is stored, and n = w0 + 8, its low half:
 *   16 * (w0 * x0 + w1 * x1) = b * x1 + n * (16 * x0 - x1) - 128 * x0
 * so that no half has to be shifted. The input is expanded to the pairs (x1, x3) and
 * 16 * (x0, x2) - (x1, x3), once a layer; each sum starts from -128 times the sum of all even x. */
__attribute__((naked, used)) static void dense_s4(void) {
    PB_DENSE_BEGIN;
    __asm__("mov r11, #0\n\t"
            "mov r10, #-1\n\t"
            "mov r7, #0xfff0ffff\n" /* without what the low lane loses to the high one */
            "1:\n\t"                /* four inputs */
            "ldmia r1!, {r6}\n\t"
            "subs r4, #4\n\t"
            "sxtb16 r5, r6\n\t"
            "sxtb16 r2, r6, ror #8\n\t"
            "and r6, r7, r5, lsl #4\n\t"
            "smlad r11, r5, r10, r11\n\t"
            "ssub16 r5, r6, r2\n\t"
            "stmia r3!, {r2, r5}\n\t"
            "bhi 1b");
    PB_DENSE_FILL(8);
    __asm__("lsl r4, r11, #7");
    PB_DENSE_PREPARE;
    PB_DENSE_START_FOUR;
    __asm__("2:"); /* eight columns */
    PB_DENSE_NEXT_WEIGHTS;
    PB_DENSE_ADD("sxtb16", "");
    PB_DENSE_NEXT_INPUT;
    PB_DENSE_ADD("and", ", #0x000f000f");
    PB_DENSE_NEXT_INPUT;
    PB_DENSE_ADD_REPLACED("sxtb16", ", ror #8");
    PB_DENSE_NEXT_INPUT;
    PB_DENSE_ADD("and", ", #0x000f000f");
    PB_DENSE_LOOP("2b");
    PB_DENSE_FINISH_FOUR(", asr #4");
    PB_DENSE_EACH_ROW;
    __asm__("4:\n\t" /* eight columns of a row */
            "ldmia r0!, {r2, r3, r5, r6}\n\t"
            "sxtb16 r7, r4\n\t"
            "smlad r8, r7, r2, r8\n\t"
            "and r7, r4, #0x000f000f\n\t"
            "smlad r8, r7, r3, r8\n\t"
            "sxtb16 r7, r4, ror #8\n\t"
            "cmp r0, r12\n\t"
            "smlad r8, r7, r5, r8\n\t"
            "and r7, r7, #0x000f000f\n\t"
            "smlad r8, r7, r6, r8\n\t"
            "ldmia r1!, {r4}\n\t"
            "bne 4b");
    PB_DENSE_FINISH_ROW(", asr #4");
}

PB_DENSE_ENTRY(pb_dense_s4_run, int8_t, dense_s4, 0)
PB_DENSE_ENTRY(pb_dense_s4_s16_run, int16_t, dense_s4, 1)

#else

#include "dense_rows.h"

static int32_t weight(uint32_t word, uint32_t column) {
    const uint32_t position = (column & 1u) | (column >> 1 & 2u) | (column << 1 & 4u);
    const int32_t code = (int32_t)(word >> position * 4u & 15u);
    return column & 1u ? (code ^ 8) - 8 : code - 8;
}

void pb_dense_s4_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch) {
    pb_dense_rows_s8(layer, input, output, scratch, 8, weight);
}

void pb_dense_s4_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch) {
    pb_dense_rows_s16(layer, input, output, scratch, 8, weight);
}

#endif
