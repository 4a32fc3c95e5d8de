#include "proofboard/dense.h"

#if defined(__ARM_FEATURE_DSP)

#include "dense_m33.h"

/* With p = 256 * w1 + w0 as it is stored:
 *   256 * (w0 * x0 + w1 * x1) = p * x1 + w0 * (256 * x0 - x1)
 * so that one instruction unpacks four weights. The input is expanded to the pairs (x1, x3) and
 * 256 * (x0, x2) - (x1, x3), once a layer. */
#define FOUR_COLUMNS                                                                               \
    __asm__("ldmia r1!, {r4, r5, r6, r7}\n\t"                                                      \
            "smlad r8, r4, r2, r8\n\t"                                                             \
            "smlad r9, r5, r2, r9\n\t"                                                             \
            "smlad r10, r6, r2, r10\n\t"                                                           \
            "smlad r11, r7, r2, r11\n\t"                                                           \
            "sxtb16 r4, r4\n\t"                                                                    \
            "sxtb16 r5, r5\n\t"                                                                    \
            "sxtb16 r6, r6\n\t"                                                                    \
            "sxtb16 r7, r7\n\t"                                                                    \
            "smlad r8, r4, r3, r8\n\t"                                                             \
            "smlad r9, r5, r3, r9\n\t"                                                             \
            "smlad r10, r6, r3, r10\n\t"                                                           \
            "smlad r11, r7, r3, r11")

__attribute__((naked, used)) static void dense_s8(void) {
    PB_DENSE_BEGIN;
    __asm__("mov r7, #0xff00ff00\n"
            "1:\n\t" /* four inputs */
            "ldmia r1!, {r6}\n\t"
            "subs r4, #4\n\t"
            "and r5, r7, r6, lsl #8\n\t"
            "sxtb16 r2, r6, ror #8\n\t"
            "ssub16 r5, r5, r2\n\t"
            "stmia r3!, {r2, r5}\n\t"
            "bhi 1b\n\t"
            "movs r4, #0");
    PB_DENSE_PREPARE;
    __asm__("10:\n\t" /* four rows; an odd number of words begins in the middle */
            "ldr r8, " START "\n\t"
            "sub r4, r12, r0\n\t"
            "lsls r4, r4, #28\n\t"
            "ldmia r0!, {r2, r3}\n\t"
            "mov r9, r8\n\t"
            "mov r10, r8\n\t"
            "mov r11, r8\n\t"
            "bmi 3f\n"
            "2:");
    FOUR_COLUMNS;
    __asm__("ldmia r0!, {r2, r3}\n"
            "3:");
    FOUR_COLUMNS;
    __asm__("cmp r0, r12\n\t"
            "ldmia r0!, {r2, r3}\n\t"
            "bne 2b");
    PB_DENSE_FINISH_FOUR(", asr #8");
    PB_DENSE_EACH_ROW;
    __asm__("4:\n\t" /* four columns of a row */
            "ldmia r0!, {r2, r3}\n\t"
            "cmp r0, r12\n\t"
            "smlad r8, r4, r2, r8\n\t"
            "sxtb16 r4, r4\n\t"
            "smlad r8, r4, r3, r8\n\t"
            "ldmia r1!, {r4}\n\t"
            "bne 4b");
    PB_DENSE_FINISH_ROW(", asr #8");
}

PB_DENSE_ENTRY(pb_dense_s8_run, int8_t, dense_s8, 0)
PB_DENSE_ENTRY(pb_dense_s8_s16_run, int16_t, dense_s8, 1)

#else

#include "dense_rows.h"

static int32_t weight(uint32_t word, uint32_t column) {
    const int32_t pair = (int16_t)(uint16_t)(word >> (column & 2u) * 8u);
    const int32_t even = (int8_t)(uint8_t)pair;
    return column & 1u ? (pair - even) / 256 : even;
}

void pb_dense_s8_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch) {
    pb_dense_rows_s8(layer, input, output, scratch, 4, weight);
}

void pb_dense_s8_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch) {
    pb_dense_rows_s16(layer, input, output, scratch, 4, weight);
}

#endif
