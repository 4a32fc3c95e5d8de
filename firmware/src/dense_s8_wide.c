#include "proofboard/dense.h"

#if defined(__ARM_FEATURE_DSP)

#include "dense_m33.h"

/* The input is expanded to the pairs (x0, x2) and (x1, x3), once a layer. */
__attribute__((naked, used)) static void dense_s8_wide(void) {
    PB_DENSE_BEGIN;
    __asm__("1:\n\t" /* four inputs */
            "ldmia r1!, {r6}\n\t"
            "subs r4, #4\n\t"
            "sxtb16 r2, r6\n\t"
            "sxtb16 r5, r6, ror #8\n\t"
            "stmia r3!, {r2, r5}\n\t"
            "bhi 1b\n\t"
            "movs r4, #0");
    PB_DENSE_PREPARE;
    PB_DENSE_START_FOUR;
    __asm__("2:"); /* four columns */
    PB_DENSE_NEXT_WEIGHTS;
    PB_DENSE_ADD("sxtb16", "");
    PB_DENSE_NEXT_INPUT;
    PB_DENSE_ADD_REPLACED("sxtb16", ", ror #8");
    PB_DENSE_LOOP("2b");
    PB_DENSE_FINISH_FOUR("");
    PB_DENSE_EACH_ROW;
    __asm__("4:\n\t" /* four columns of a row */
            "ldmia r0!, {r2, r3}\n\t"
            "sxtb16 r5, r4\n\t"
            "smlad r8, r5, r2, r8\n\t"
            "sxtb16 r5, r4, ror #8\n\t"
            "cmp r0, r12\n\t"
            "smlad r8, r5, r3, r8\n\t"
            "ldmia r1!, {r4}\n\t"
            "bne 4b");
    PB_DENSE_FINISH_ROW("");
}

PB_DENSE_ENTRY(pb_dense_s8_wide_run, int8_t, dense_s8_wide, 0)
PB_DENSE_ENTRY(pb_dense_s8_wide_s16_run, int16_t, dense_s8_wide, 1)

#else

#include "dense_rows.h"

static int32_t weight(uint32_t word, uint32_t column) {
    return (int8_t)(uint8_t)(word >> column * 8u);
}

void pb_dense_s8_wide_run(const pb_dense *layer, const int8_t *input, int8_t *output,
                          void *scratch) {
    pb_dense_rows_s8(layer, input, output, scratch, 4, weight);
}

void pb_dense_s8_wide_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                              void *scratch) {
    pb_dense_rows_s16(layer, input, output, scratch, 4, weight);
}

#endif
