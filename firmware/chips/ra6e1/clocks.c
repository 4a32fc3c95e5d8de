/* Order of the steps: Renesas FSP 6.3.1, bsp_clocks.c (bsp_clock_init) and ra6e1/bsp_feature.h. */
#include "clocks.h"
#include "registers.h"
#include <stddef.h>

#define POLLS 100000u
#define PLL_HOCO_HALF_TIMES_20 0x2711u /* 20 MHz / 2 x 20 = 200 MHz */
#define DIVIDE_200_MHZ 0x20021221u     /* FCK 50, ICK 200, BCK 50, PCKA 100, B 50, C 50, D 100 */
#define DIVIDE_BY_1 0u
#define FLASH_WAITS_ABOVE_150_MHZ 3u
#define SRAM_WAITS_ABOVE_100_MHZ 1u
#define MOCO_HZ 8000000u

static bool awaited_FCACHEIV_to_clear(void) {
    return FCACHEIV == 0;
}

static bool OSCSF_HOCOSF_is_clear(void) {
    return (OSCSF & OSCSF_HOCOSF) == 0;
}

static bool awaited_OSCSF_HOCOSF(void) {
    return (OSCSF & OSCSF_HOCOSF) != 0;
}

static bool awaited_OSCSF_PLLSF(void) {
    return (OSCSF & OSCSF_PLLSF) != 0;
}

/* NULL, or the condition that did not come true in time. */
static ra6e1_condition wait_for(ra6e1_condition condition) {
    for (uint32_t i = 0; i < POLLS; i++) {
        if (condition()) {
            return NULL;
        }
    }
    return condition;
}

static ra6e1_condition start_caches(void) {
    FCACHEIV = 1;
    const ra6e1_condition failed = wait_for(awaited_FCACHEIV_to_clear);
    if (failed == NULL) {
        FCACHEE = 1;
        CCALCF = CCALCF_32_BYTES;
        CCACTL = 1;
    }
    return failed;
}

/* The frequency can be chosen only while the HOCO stands. An erased OFS1 leaves it standing. If it
 * should run all the same, the wait for its end needs no verdict: one that did not end would not
 * take the frequency, and OSCSF would say nothing of it. */
static ra6e1_condition start_hoco(void) {
    if (!OSCSF_HOCOSF_is_clear()) {
        HOCOCR = HOCOCR_HCSTP;
        (void)wait_for(OSCSF_HOCOSF_is_clear);
    }
    HOCOCR2 = HOCOCR2_20_MHZ;
    HOCOCR = 0;
    return wait_for(awaited_OSCSF_HOCOSF);
}

static ra6e1_condition start_pll(void) {
    PLLCCR = PLL_HOCO_HALF_TIMES_20;
    PLLCR = 0;
    return wait_for(awaited_OSCSF_PLLSF);
}

static ra6e1_condition start_200_mhz(void) {
    ra6e1_condition failed = start_caches();
    if (failed == NULL) {
        failed = start_hoco();
    }
    if (failed == NULL) {
        failed = start_pll();
    }
    if (failed != NULL) {
        return failed;
    }
    FLWT = FLASH_WAITS_ABOVE_150_MHZ; /* before the core is faster than the flash */
    SCKDIVCR = DIVIDE_200_MHZ;
    SCKSCR = SCKSCR_PLL;
    SRAMPRCR2 = SRAMPRCR2_OPEN;
    SRAMWTSC = SRAM_WAITS_ABOVE_100_MHZ;
    SRAMPRCR2 = SRAMPRCR2_SHUT;
    return NULL;
}

ra6e1_clocks ra6e1_clocks_start(void) {
    ra6e1_clocks clocks = {.core_hz = 200000000u, .pclka_hz = 100000000u};
    PRCR = PRCR_KEY | PRCR_PRC0 | PRCR_PRC1;
    clocks.never_came = start_200_mhz();
    if (clocks.never_came != NULL) { /* still on the MOCO: fast enough for a report */
        SCKDIVCR = DIVIDE_BY_1;
        clocks.core_hz = clocks.pclka_hz = MOCO_HZ;
    }
    PRCR = PRCR_KEY;
    return clocks;
}
