/* A small program for the virtual RA6E1: starts the clocks, the pins and SCI9, then sends back
 * every byte. MISTAKE names one step that is left out or done too early. */
#include <stdint.h>

#define NONE 0
#define WAIT_STATE_MISSING 1
#define PFS_LOCKED 2
#define PLL_BEFORE_HOCO_STABLE 3
#define OVERRUN_IGNORED 4

#define R8(address) (*(volatile uint8_t *)(address))
#define R16(address) (*(volatile uint16_t *)(address))
#define R32(address) (*(volatile uint32_t *)(address))
#define SYSTEM(offset) (0x4001E000u + (offset))
#define SCI9(offset) (0x40118900u + (offset))
#define P109PFS R32(0x40080864u)
#define P110PFS R32(0x40080868u)

void reset(void);

__attribute__((section(".vectors"), used)) static const uint32_t vectors[2] = {
    0x20040000u,
    (uint32_t)(uintptr_t)reset,
};

static void start_clocks(void) {
    R16(SYSTEM(0x3FE)) = 0xA503;
    R8(SYSTEM(0x37)) = 2;
    R8(SYSTEM(0x36)) = 0;
    while (MISTAKE != PLL_BEFORE_HOCO_STABLE && (R8(SYSTEM(0x3C)) & 1) == 0) {
    }
    R16(SYSTEM(0x28)) = 0x2711;
    R8(SYSTEM(0x2A)) = 0;
    while ((R8(SYSTEM(0x3C)) & 0x20) == 0) {
    }
    if (MISTAKE != WAIT_STATE_MISSING) {
        R8(0x4001C11Cu) = 3;
    }
    R32(SYSTEM(0x20)) = 0x20021221u;
    R8(SYSTEM(0x26)) = 5;
}

static void start_pins(void) {
    R16(SYSTEM(0x3FE)) = 0xA510;
    R16(0x40080D12u) = 0xFFFF; /* PMSAR1 */
    R8(0x40080D03u) = 0;
    if (MISTAKE != PFS_LOCKED) {
        R8(0x40080D03u) = 0x40;
    }
    P109PFS = 0x05000000u;
    P110PFS = 0x05000000u;
    P109PFS = 0x05010000u;
    P110PFS = 0x05010000u;
}

static void start_serial(void) {
    R32(0x40084004u) &= ~(1u << 22);
    R16(SCI9(0x14)) = 0xF801 | 6;
    R8(SCI9(0x01)) = 2;
    R8(SCI9(0x12)) = 246;
    R8(SCI9(0x07)) = 0x84; /* RXDESEL, BRME */
    R8(SCI9(0x02)) = 0x30;
}

static void echo(void) {
    while ((R16(SCI9(0x16)) & 0x1F) == 0) {
    }
    const uint16_t byte = R16(SCI9(0x10));
    while (R16(SCI9(0x16)) >> 8 == 16) {
    }
    R16(SCI9(0x0E)) = byte & 0xFF;
}

void reset(void) {
    start_clocks();
    start_pins();
    start_serial();
    for (;;) {
        echo();
        for (volatile uint32_t work = 0; MISTAKE == OVERRUN_IGNORED && work < 10000; work++) {
        }
    }
}
