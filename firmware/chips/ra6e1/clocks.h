/* Clocks, wait states and caches of the RA6E1: 200 MHz from the HOCO, as no crystal is fitted. */
#ifndef PROOFBOARD_RA6E1_CLOCKS_H
#define PROOFBOARD_RA6E1_CLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* Asks a register for a flag: whether it is as awaited. Named after register and flag, so that the
 * address of one that never came is all that a report needs. */
typedef bool (*ra6e1_condition)(void);

typedef struct {
    uint32_t core_hz;           /* ICLK, which the cycle counter counts */
    uint32_t pclka_hz;          /* what the SCI divides */
    ra6e1_condition never_came; /* NULL: all is well, core_hz is 200 MHz and pclka_hz 100 MHz */
} ra6e1_clocks;

/* Once, after reset. Every wait is bounded: about 0.5 s at the 2 MHz that the core starts with. If
 * one fails, the core goes on from the MOCO, core and PCLKA at 8 MHz. */
ra6e1_clocks ra6e1_clocks_start(void);

#endif
