/* The least flash algorithm that erases and programs code flash, to try the virtual FACI through
 * pyOCD. Order of the steps: Renesas FSP, r_flash_hp.c. Runs in RAM. */
#include <stdint.h>

#define R8(address) (*(volatile uint8_t *)(address))
#define R16(address) (*(volatile uint16_t *)(address))
#define R32(address) (*(volatile uint32_t *)(address))
#define FACI(offset) (0x407FE000u + (offset))
#define COMMAND R8(0x407E0000u)
#define DATA R16(0x407E0000u)
#define FSTATR R32(FACI(0x80))
#define ERRORS 0x7000u
#define FRDY 0x8000u
#define PAGE 128u

int init(uint32_t address, uint32_t clock, uint32_t function);
int uninit(uint32_t function);
int erase_sector(uint32_t address);
int program_page(uint32_t address, uint32_t size, const uint16_t *data);

__attribute__((section(".header"), used)) static const uint32_t header =
    0xE00ABE00u; /* BKPT, B . */

static void enter(void) {
    R32(0x40007000u) = 0;
    R16(FACI(0x44)) = 0xD900;
    R16(FACI(0x84)) = 0xAA01;
    while (R16(FACI(0x84)) != 1) {
    }
    if ((R8(FACI(0x10)) & 0x10) != 0) {
        COMMAND = 0xB3;
        while ((FSTATR & FRDY) == 0) {
        }
    }
}

static int leave(void) {
    while ((FSTATR & FRDY) == 0) {
    }
    const int failed = (FSTATR & ERRORS) != 0;
    if (failed) {
        COMMAND = 0xB3;
        while ((FSTATR & FRDY) == 0) {
        }
    }
    R16(FACI(0x84)) = 0xAA00;
    while (R16(FACI(0x84)) != 0) {
    }
    R16(FACI(0x44)) = 0xD901;
    return failed;
}

int init(uint32_t address, uint32_t clock, uint32_t function) {
    (void)address, (void)clock, (void)function;
    R16(0x4001E3FEu) = 0xA503;
    R8(0x4001E026u) = 1;
    R32(0x4001E020u) = 0;
    R8(0x4001E416u) = 1;
    R16(FACI(0xE4)) = 0x1E08;
    return 0;
}

int uninit(uint32_t function) {
    (void)function;
    return 0;
}

int erase_sector(uint32_t address) {
    enter();
    R32(FACI(0x30)) = address;
    COMMAND = 0x20;
    COMMAND = 0xD0;
    return leave();
}

int program_page(uint32_t address, uint32_t size, const uint16_t *data) {
    int failed = 0;
    for (uint32_t done = 0; done < size && !failed; done += PAGE) {
        enter();
        R32(FACI(0x30)) = address + done;
        COMMAND = 0xE8;
        COMMAND = 0x40;
        for (uint32_t i = 0; i < PAGE / 2; i++) {
            DATA = *data++;
        }
        COMMAND = 0xD0;
        failed = leave();
    }
    return failed;
}
