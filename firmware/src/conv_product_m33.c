#include "conv_product.h"
#include <stddef.h>

#if defined(__ARM_FEATURE_DSP)

_Static_assert(offsetof(pb_conv_product, blocks) == 24, "the assembly below reads words in order");

/* One pair of products of four rows by two patches: 14 cycles for 16 products. A load stands
 * between the products that use its predecessor, so that none waits. r2, r3: pairs of the two
 * patches; r12: row 0, then row 2, then row 0 of the next pair; lr: rows 1 and 3. */
#define FIRST_ROWS                                                                                 \
    "ldr lr, [r0], #4\n\t"                                                                         \
    "smlad r4, r12, r2, r4\n\t"                                                                    \
    "smlad r8, r12, r3, r8\n\t"                                                                    \
    "ldr r12, [r0], #4\n\t"                                                                        \
    "smlad r5, lr, r2, r5\n\t"                                                                     \
    "smlad r9, lr, r3, r9\n\t"                                                                     \
    "ldr lr, [r0], #4\n\t"                                                                         \
    "smlad r6, r12, r2, r6\n\t"                                                                    \
    "smlad r10, r12, r3, r10\n\t"
#define LAST_ROW                                                                                   \
    "smlad r7, lr, r2, r7\n\t"                                                                     \
    "smlad r11, lr, r3, r11\n\t"
#define PAIR FIRST_ROWS "ldr r12, [r0], #4\n\t" LAST_ROW "ldmia.w r1!, {r2, r3}\n\t"

/* The whole function, since the inner loop takes every register there is:
 *   r0 weights   r1 patches   r2, r3, r12, lr operands   r4-r7 sums, first patch   r8-r11 second
 * Stack: 0 end of patches, 4 patches, 8 scaling, 12 first, 16 second, 20 blocks, 24 odd quads. */
__attribute__((naked)) void pb_conv_product_run(const pb_conv_product *product
                                                __attribute__((unused))) {
    __asm volatile("push {r3, r4, r5, r6, r7, r8, r9, r10, r11, lr}\n\t"
                   "ldm r0, {r1, r2, r3, r4, r5, r6, r7}\n\t"
                   "and r8, r6, #1\n\t"
                   "add r6, r2, r6, lsl #4\n\t"
                   "sub sp, sp, #32\n\t"
                   "mov r0, r1\n\t"
                   "str r6, [sp]\n\t"
                   "strd r2, r3, [sp, #4]\n\t"
                   "strd r4, r5, [sp, #12]\n\t"
                   "strd r7, r8, [sp, #20]\n\t"
                   "ldr r12, [r0], #4\n"
                   "1:\n\t" /* a block of rows */
                   "ldr lr, [sp, #8]\n\t"
                   "ldr r2, [sp, #24]\n\t"
                   "ldmia lr!, {r4, r5, r6, r7}\n\t"
                   "ldr r1, [sp, #4]\n\t"
                   "str lr, [sp, #8]\n\t"
                   "mov r8, r4\n\t"
                   "mov r9, r5\n\t"
                   "mov r10, r6\n\t"
                   "mov r11, r7\n\t"
                   "cmp r2, #0\n\t"
                   "ldmia.n r1!, {r2, r3}\n\t"
                   "bne 3f\n\t"
                   ".balign 4\n"
                   "2:\n\t" /* two quads */
                   PAIR PAIR "3:\n\t" PAIR FIRST_ROWS LAST_ROW "ldr lr, [sp]\n\t"
                   "ldr r12, [r0], #4\n\t"
                   "cmp r1, lr\n\t"
                   "ldmia.n r1!, {r2, r3}\n\t" /* narrow, so that the branch issues with it */
                   "bne 2b\n\t"
                   "ldr lr, [sp, #8]\n\t"
                   "add r1, lr, #16\n\t"
                   "str r1, [sp, #8]\n\t"
                   "ldm lr, {r1, r2, r3, lr}\n\t"
                   "smmulr r4, r4, r1\n\t"
                   "smmulr r8, r8, r1\n\t"
                   "smmulr r5, r5, r2\n\t"
                   "smmulr r9, r9, r2\n\t"
                   "smmulr r6, r6, r3\n\t"
                   "smmulr r10, r10, r3\n\t"
                   "smmulr r7, r7, lr\n\t"
                   "smmulr r11, r11, lr\n\t"
                   "ssat r4, #8, r4\n\t"
                   "ssat r8, #8, r8\n\t"
                   "ssat r5, #8, r5\n\t"
                   "ssat r9, #8, r9\n\t"
                   "ssat r6, #8, r6\n\t"
                   "ssat r10, #8, r10\n\t"
                   "ssat r7, #8, r7\n\t"
                   "ssat r11, #8, r11\n\t"
                   "mov r1, #0x01010101\n\t"
                   "bfi r4, r5, #8, #24\n\t"
                   "bfi r8, r9, #8, #24\n\t"
                   "bfi r4, r6, #16, #16\n\t"
                   "bfi r8, r10, #16, #16\n\t"
                   "bfi r4, r7, #24, #8\n\t"
                   "bfi r8, r11, #24, #8\n\t"
                   "ldrd r2, r3, [sp, #12]\n\t"
                   "qsub8 r4, r4, r1\n\t" /* one less, saturated, and one more: -128 becomes -127 */
                   "qsub8 r8, r8, r1\n\t"
                   "sadd8 r4, r4, r1\n\t"
                   "sadd8 r8, r8, r1\n\t"
                   "ldr r1, [sp, #20]\n\t"
                   "str r4, [r2], #4\n\t"
                   "str r8, [r3], #4\n\t"
                   "subs r1, r1, #1\n\t"
                   "strd r2, r3, [sp, #12]\n\t"
                   "str r1, [sp, #20]\n\t"
                   "bne 1b\n\t"
                   "add sp, sp, #32\n\t"
                   "pop {r3, r4, r5, r6, r7, r8, r9, r10, r11, pc}");
}

#endif
