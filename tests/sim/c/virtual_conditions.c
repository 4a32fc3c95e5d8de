/* A small program for the virtual RA6E1: stores and loads under the conditions of IT blocks, right
 * before returns and computed branches. It ends in a loop at `done`, with what it found in `sums`.
 */
#include <stdint.h>

void reset(void);
void done(void);

__attribute__((section(".vectors"), used)) static const uint32_t vectors[2] = {
    0x20040000u,
    (uint32_t)(uintptr_t)reset,
};

#define SUMS ((volatile uint32_t *)0x20001000u)

/* *even += 3 for an even value, *odd += 5 for an odd one; then a return. */
__attribute__((naked, noinline)) static void sort(uint32_t value, volatile uint32_t *even,
                                                  volatile uint32_t *odd) {
    (void)value, (void)even, (void)odd;
    __asm__ volatile("tst r0, #1\n"
                     "ittee eq\n"
                     "ldreq r3, [r1]\n"
                     "addeq r3, #3\n"
                     "ldrne r3, [r2]\n"
                     "addne r3, #5\n"
                     "ite eq\n"
                     "streq r3, [r1]\n"
                     "strne r3, [r2]\n"
                     "bx lr\n");
}

__attribute__((noinline)) void done(void) {
    for (;;) {
    }
}

void reset(void) {
    SUMS[0] = SUMS[1] = SUMS[2] = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        sort(i * 7u % 5u, &SUMS[0], &SUMS[1]);
        SUMS[2] += i;
    }
    done();
}
