#include "depthwise_stream.h"

#if defined(__ARM_FEATURE_DSP)

/* One position: the last products of the output two positions back, which is stored; the middle
 * ones of the output one back; the first ones of a new output, in the registers that became free.
 * r1, r2: pairs of lines (0, 1) and (2, 3); r4-r6: weights (0, 1); r7-r9: weights (1, 2).
 *
 * Output line 0 takes lines 0 and 1 by SMLAD, and line 2 by weight 2, the lower half of r2 by the
 * upper half of r7-r9, by SMLABT. Output line 1 takes lines 2 and 3 by SMLAD, and line 1 by weight
 * 0, the upper half of r1 by the lower half of r4-r6, by SMLATB. */
#define POSITION(old0, old1, mid0, mid1, MIDDLE, END)                                              \
    "ldrd r1, r2, [r0], #32\n\t"                                                                   \
    "smlad " old0 ", r1, r6, " old0 "\n\t"                                                         \
    "smlad " old1 ", r2, r9, " old1 "\n\t"                                                         \
    "smlabt " old0 ", r2, r9, " old0 "\n\t"                                                        \
    "smlatb " old1 ", r1, r6, " old1 "\n\t"                                                        \
    "smlad " mid0 ", r1, r5, " mid0 "\n\t"                                                         \
    "smlad " mid1 ", r2, r8, " mid1 "\n\t"                                                         \
    "strd " old0 ", " old1 ", [r0, #-96]\n\t" MIDDLE "smlabt " mid0 ", r2, r8, " mid0 "\n\t"       \
    "smlatb " mid1 ", r1, r5, " mid1 "\n\t" END "smlad " old0 ", r1, r4, r3\n\t"                   \
    "smlad " old1 ", r2, r7, r3\n\t"                                                               \
    "smlabt " old0 ", r2, r7, " old0 "\n\t"                                                        \
    "smlatb " old1 ", r1, r4, " old1 "\n\t"

/* r0 slots   r3 bias   r4-r9 weights   r10, r11 and r12, lr sums of two outputs. An odd number of
 * positions begins in the middle of the loop. */
__attribute__((naked)) void pb_depthwise_stream_run(int32_t *slots __attribute__((unused)),
                                                    uint32_t positions __attribute__((unused)),
                                                    const int16_t *weights __attribute__((unused)),
                                                    int32_t bias __attribute__((unused))) {
    __asm volatile("push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "add r12, r0, r1, lsl #5\n\t"
                   "ldm r2, {r4, r5, r6, r7, r8, r9}\n\t"
                   "lsls r1, r1, #31\n\t"
                   "str r12, [sp]\n\t"
                   "bne 2f\n"
                   "1:\n\t" /* two positions */
                   POSITION("r10", "r11", "r12", "lr", "", "") "2:\n\t" POSITION(
                       "r12", "lr", "r10", "r11", "ldr r12, [sp]\n\t",
                       "cmp r0, r12\n\t") "bne 1b\n\t"
                                          "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#endif
