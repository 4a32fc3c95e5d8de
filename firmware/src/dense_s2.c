#include "proofboard/dense.h"

#if defined(__ARM_FEATURE_DSP)

#include "dense_m33.h"

/* Four weights are a byte b = 64 * c5 + 16 * c4 + 4 * c1 + c0 with c = w + 2. Then
 *   64 * (c0 * x0 + c1 * x1 + c4 * x4 + c5 * x5) = b * x5 + (b & 63) * (4 * x4 - x5)
 *                                  + (b & 15) * (16 * x1 - 4 * x4) + (b & 3) * (64 * x0 - 16 * x1)
 * so that no field has to be shifted. The input is expanded to pairs of these four factors, once a
 * layer; each sum starts from -128 times the sum of the input. */
#define THREE_LOWER_FIELDS                                                                         \
    PB_DENSE_NEXT_INPUT;                                                                           \
    PB_DENSE_ADD("and", ", #0x003f003f");                                                          \
    PB_DENSE_NEXT_INPUT;                                                                           \
    PB_DENSE_ADD("and", ", #0x000f000f");                                                          \
    PB_DENSE_NEXT_INPUT;                                                                           \
    PB_DENSE_ADD("and", ", #0x00030003")

#define EIGHT_COLUMNS_OF_A_ROW                                                                     \
    __asm__("ldmia r0!, {r2, r3, r5, r6}\n\t"                                                      \
            "smlad r8, r7, r2, r8\n\t"                                                             \
            "and r7, r7, #0x003f003f\n\t"                                                          \
            "smlad r8, r7, r3, r8\n\t"                                                             \
            "and r7, r7, #0x000f000f\n\t"                                                          \
            "smlad r8, r7, r5, r8\n\t"                                                             \
            "and r7, r7, #0x00030003\n\t"                                                          \
            "smlad r8, r7, r6, r8")

__attribute__((naked, used)) static void dense_s2(void) {
    PB_DENSE_BEGIN;
    __asm__("mov r11, #0\n\t"
            "mov r10, #-1\n"
            "1:\n\t" /* eight inputs; nothing is read behind the last word */
            "subs r4, #4\n\t"
            "ldr r9, [r1], #4\n\t"
            "ite gt\n\t"
            "ldrgt r5, [r1], #4\n\t"
            "movle r5, #0\n\t"
            "sxtb16 r6, r9, ror #8\n\t"
            "sxtb16 r7, r9\n\t"
            "sxtb16 r2, r5, ror #8\n\t"
            "sxtb16 r5, r5\n\t"
            "smlad r11, r6, r10, r11\n\t"
            "smlad r11, r7, r10, r11\n\t"
            "smlad r11, r2, r10, r11\n\t"
            "smlad r11, r5, r10, r11\n\t"
            "lsl r6, r6, #4\n\t"
            "lsl r7, r7, #6\n\t"
            "lsl r5, r5, #2\n\t"
            "bic r6, r6, #0x000f0000\n\t" /* what the low lane lost to the high one */
            "bic r7, r7, #0x003f0000\n\t"
            "bic r5, r5, #0x00030000\n\t"
            "ssub16 r7, r7, r6\n\t"
            "ssub16 r6, r6, r5\n\t"
            "ssub16 r5, r5, r2\n\t"
            "subs r4, #4\n\t"
            "stmia r3!, {r2, r5, r6, r7}\n\t"
            "bgt 1b");
    PB_DENSE_FILL(24);
    __asm__("lsl r4, r11, #7");
    PB_DENSE_PREPARE;
    PB_DENSE_START_FOUR;
    __asm__("2:"); /* sixteen columns */
    PB_DENSE_NEXT_WEIGHTS;
    PB_DENSE_ADD("uxtb16", "");
    THREE_LOWER_FIELDS;
    PB_DENSE_NEXT_INPUT;
    PB_DENSE_ADD_REPLACED("uxtb16", ", ror #8");
    THREE_LOWER_FIELDS;
    __asm__("cmp r0, r12\n\t" /* too long a loop for a short conditional branch */
            "beq 3f\n\t"
            "ldmia r0!, {r2}\n\t"
            "b 2b\n"
            "3:");
    PB_DENSE_FINISH_FOUR(", asr #6");
    PB_DENSE_EACH_ROW;
    __asm__("4:\n\t" /* sixteen columns of a row */
            "uxtb16 r7, r4");
    EIGHT_COLUMNS_OF_A_ROW;
    __asm__("uxtb16 r7, r4, ror #8");
    EIGHT_COLUMNS_OF_A_ROW;
    __asm__("cmp r0, r12\n\t"
            "ldmia r1!, {r4}\n\t"
            "bne 4b");
    PB_DENSE_FINISH_ROW(", asr #6");
}

PB_DENSE_ENTRY(pb_dense_s2_run, int8_t, dense_s2, 0)
PB_DENSE_ENTRY(pb_dense_s2_s16_run, int16_t, dense_s2, 1)

#else

#include "dense_rows.h"

static int32_t weight(uint32_t word, uint32_t column) {
    const uint32_t position = (column & 1u) | (column >> 1 & 6u) | (column << 2 & 8u);
    return (int32_t)(word >> position * 2u & 3u) - 2;
}

void pb_dense_s2_run(const pb_dense *layer, const int8_t *input, int8_t *output, void *scratch) {
    pb_dense_rows_s8(layer, input, output, scratch, 16, weight);
}

void pb_dense_s2_s16_run(const pb_dense *layer, const int8_t *input, int16_t *output,
                         void *scratch) {
    pb_dense_rows_s16(layer, input, output, scratch, 16, weight);
}

#endif
