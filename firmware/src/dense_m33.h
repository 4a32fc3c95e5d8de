/* The parts that the dense kernels of a Cortex-M33 share, in assembly: compilers keep half of the
 * fourteen registers in memory. While rows are summed they hold:
 *   r0 expanded input   r1 packed weights   r2, r3 words of the input   r4-r7 words of four rows
 *   r8-r11 sums         r12 end of the expanded input                   lr output
 * or, where weights are unpacked into r3, r2 a single word of the input.
 * A kernel is a naked function of these parts, which are statements, and of its own. Labels are
 * local; those from 10 on belong to the parts here.
 *
 * Order of instructions: the last one before a branch backwards is 16 bits long and sets no flags,
 * so that the branch takes one cycle instead of two, and no word is used right after its load. */
#ifndef PROOFBOARD_DENSE_M33_H
#define PROOFBOARD_DENSE_M33_H

#include <stddef.h>

#include "proofboard/dense.h"

_Static_assert(offsetof(pb_dense, outputs) == 2 && offsetof(pb_dense, packed) == 4,
               "the assembly below reads the fields by their places");

#define LAYER_INPUTS "[r0, #0]"
#define LAYER_OUTPUTS "[r0, #2]"
#define LAYER_PACKED "[r0, #4]"

/* Working memory. */
#define OUTPUTS "[sp, #0]"
#define START "[sp, #4]"       /* what a sum starts from */
#define X_BEGIN "[sp, #8]"     /* expanded input */
#define IS_S16 "[sp, #12]"     /* 1 for an int16 output, 0 for int8 */
#define GROUPS_END "[sp, #16]" /* where the output of the last group of four rows ends */

/* The public functions of a kernel; r12 tells it the type of the output. */
#define PB_DENSE_ENTRY(name, type, kernel, is_s16)                                                 \
    __attribute__((naked)) void name(const pb_dense *layer __attribute__((unused)),                \
                                     const int8_t *input __attribute__((unused)),                  \
                                     type *output __attribute__((unused)),                         \
                                     void *scratch __attribute__((unused))) {                      \
        __asm__("mov r12, #" #is_s16 "\n\t"                                                        \
                "b " #kernel);                                                                     \
    }

/* The input is expanded from r1 on, r4 elements, to r3 on. r0, r8, r12 and lr are taken. */
#define PB_DENSE_BEGIN                                                                             \
    __asm__("push {r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"                                      \
            "ldrh r4, " LAYER_INPUTS "\n\t"                                                        \
            "mov lr, r2\n\t"                                                                       \
            "mov r8, r3")

/* Fills the expanded input up to a multiple of `mask` + 8 bytes with zeros. */
#define PB_DENSE_FILL(mask)                                                                        \
    __asm__("movs r2, #0\n\t"                                                                      \
            "movs r5, #0\n"                                                                        \
            "13:\n\t"                                                                              \
            "sub r6, r3, r8\n\t"                                                                   \
            "tst r6, #" #mask "\n\t"                                                               \
            "itt ne\n\t"                                                                           \
            "stmiane r3!, {r2, r5}\n\t"                                                            \
            "bne 13b")

/* After the input is expanded, with its end in r3 and START in r4. The first group follows, or,
 * where there are less than four rows, the label 20. */
#define PB_DENSE_PREPARE                                                                           \
    __asm__("mov r6, r12\n\t"                                                                      \
            "mov r12, r3\n\t"                                                                      \
            "ldrh r3, " LAYER_OUTPUTS "\n\t"                                                       \
            "ldr r1, " LAYER_PACKED "\n\t"                                                         \
            "bic r7, r3, #3\n\t"                                                                   \
            "lsls r7, r6\n\t"                                                                      \
            "add r7, lr\n\t"                                                                       \
            "mov r5, r8\n\t"                                                                       \
            "push {r3, r4, r5, r6, r7}\n\t"                                                        \
            "mov r0, r5\n\t"                                                                       \
            "cmp lr, r7\n\t"                                                                       \
            "beq 20f")

/* Four rows: adds what `unpack` and `how` make of their words, times the word of the input. */
#define PB_DENSE_ADD(unpack, how)                                                                  \
    __asm__(unpack " r3, r4" how "\n\t"                                                            \
                   "smlad r8, r3, r2, r8\n\t" unpack " r3, r5" how "\n\t"                          \
                   "smlad r9, r3, r2, r9\n\t" unpack " r3, r6" how "\n\t"                          \
                   "smlad r10, r3, r2, r10\n\t" unpack " r3, r7" how "\n\t"                        \
                   "smlad r11, r3, r2, r11")

/* The same, and what was made of the words replaces them. */
#define PB_DENSE_ADD_REPLACED(unpack, how)                                                         \
    __asm__(unpack " r4, r4" how "\n\t" unpack " r5, r5" how "\n\t" unpack " r6, r6" how           \
                   "\n\t" unpack " r7, r7" how "\n\t"                                              \
                   "smlad r8, r4, r2, r8\n\t"                                                      \
                   "smlad r9, r5, r2, r9\n\t"                                                      \
                   "smlad r10, r6, r2, r10\n\t"                                                    \
                   "smlad r11, r7, r2, r11")

/* The next word of the input, where weights are unpacked into r3. */
#define PB_DENSE_NEXT_INPUT __asm__("ldmia r0!, {r2}")

/* Four words of weights. */
#define PB_DENSE_NEXT_WEIGHTS __asm__("ldmia r1!, {r4, r5, r6, r7}")

/* The start of four rows: a sum per row, of START, and the first word of the input. */
#define PB_DENSE_START_FOUR                                                                        \
    __asm__("10:\n\t"                                                                              \
            "ldr r8, " START "\n\t"                                                                \
            "ldmia r0!, {r2}\n\t"                                                                  \
            "mov r9, r8\n\t"                                                                       \
            "mov r10, r8\n\t"                                                                      \
            "mov r11, r8")

/* Back to `start` unless the input is at its end. Reads a word behind it. */
#define PB_DENSE_LOOP(start)                                                                       \
    __asm__("cmp r0, r12\n\t"                                                                      \
            "ldmia r0!, {r2}\n\t"                                                                  \
            "bne " start)

/* Behind the sums of four rows: r8-r11, brought down to `scale` (", asr #8"), become outputs, and
 * the next group begins at the label 10. Bias and multipliers follow the weights. */
#define PB_DENSE_FINISH_FOUR(scale)                                                                \
    __asm__("ldmia r1!, {r4, r5, r6, r7}\n\t"                                                      \
            "ldr r0, " IS_S16 "\n\t"                                                               \
            "add r8, r4, r8" scale "\n\t"                                                          \
            "add r9, r5, r9" scale "\n\t"                                                          \
            "add r10, r6, r10" scale "\n\t"                                                        \
            "add r11, r7, r11" scale "\n\t"                                                        \
            "ldmia r1!, {r4, r5, r6, r7}\n\t"                                                      \
            "ldr r3, " GROUPS_END "\n\t"                                                           \
            "smmulr r4, r4, r8\n\t"                                                                \
            "smmulr r5, r5, r9\n\t"                                                                \
            "smmulr r6, r6, r10\n\t"                                                               \
            "smmulr r7, r7, r11\n\t"                                                               \
            "cbnz r0, 12f\n\t"                                                                     \
            "mov r2, #0x01010101\n\t"                                                              \
            "ssat r4, #8, r4\n\t"                                                                  \
            "ssat r5, #8, r5\n\t"                                                                  \
            "ssat r6, #8, r6\n\t"                                                                  \
            "ssat r7, #8, r7\n\t"                                                                  \
            "bfi r4, r5, #8, #8\n\t"                                                               \
            "bfi r6, r7, #8, #8\n\t"                                                               \
            "pkhbt r4, r4, r6, lsl #16\n\t"                                                        \
            "qsub8 r4, r4, r2\n\t" /* one less, saturated, then one more: -128 becomes -127 */     \
            "sadd8 r4, r4, r2\n\t"                                                                 \
            "str r4, [lr], #4\n"                                                                   \
            "11:\n\t"                                                                              \
            "cmp lr, r3\n\t"                                                                       \
            "ldr r0, " X_BEGIN "\n\t"                                                              \
            "bne 10b\n\t"                                                                          \
            "b 20f\n"                                                                              \
            "12:\n\t"                                                                              \
            "ssat r4, #16, r4\n\t"                                                                 \
            "ssat r5, #16, r5\n\t"                                                                 \
            "ssat r6, #16, r6\n\t"                                                                 \
            "ssat r7, #16, r7\n\t"                                                                 \
            "pkhbt r4, r4, r5, lsl #16\n\t"                                                        \
            "pkhbt r6, r6, r7, lsl #16\n\t"                                                        \
            "strd r4, r6, [lr], #8\n\t"                                                            \
            "b 11b")

/* The rows that are left, one by one: their number in r9; a row begins at the label 21 with its
 * first word in r4 and its sum in r8. */
#define PB_DENSE_EACH_ROW                                                                          \
    __asm__("20:\n\t"                                                                              \
            "ldr r9, " OUTPUTS "\n\t"                                                              \
            "ands r9, r9, #3\n\t"                                                                  \
            "beq 23f\n"                                                                            \
            "21:\n\t"                                                                              \
            "ldr r0, " X_BEGIN "\n\t"                                                              \
            "ldr r8, " START "\n\t"                                                                \
            "ldmia r1!, {r4}")

/* The end of a row: its sum in r8, brought down to `scale`, its bias in r4; and of the function. */
#define PB_DENSE_FINISH_ROW(scale)                                                                 \
    __asm__("ldr r0, " IS_S16 "\n\t"                                                               \
            "ldmia r1!, {r5}\n\t"                                                                  \
            "add r8, r4, r8" scale "\n\t"                                                          \
            "smmulr r4, r5, r8\n\t"                                                                \
            "cbnz r0, 24f\n\t"                                                                     \
            "ssat r4, #8, r4\n\t"                                                                  \
            "cmn r4, #127\n\t"                                                                     \
            "it lt\n\t"                                                                            \
            "mvnlt r4, #126\n\t"                                                                   \
            "strb r4, [lr], #1\n"                                                                  \
            "22:\n\t"                                                                              \
            "subs r9, #1\n\t"                                                                      \
            "bne 21b\n"                                                                            \
            "23:\n\t"                                                                              \
            "add sp, #20\n\t"                                                                      \
            "pop {r4, r5, r6, r7, r8, r9, r10, r11, pc}\n"                                         \
            "24:\n\t"                                                                              \
            "ssat r4, #16, r4\n\t"                                                                 \
            "strh r4, [lr], #2\n\t"                                                                \
            "b 22b")

#endif
