/* Order of the steps: Renesas FSP 6.3.1, r_flash_hp.c. While the sequencer is in programming mode,
 * nothing is fetched from code flash: this runs in RAM, and interrupts are off. */
#include "algorithm.h"
#include "registers.h"
#include <stdbool.h>

#define FACI_COMMAND REGISTER8(0x407E0000u)
#define FACI_DATA REGISTER16(0x407E0000u)
#define FASTAT REGISTER8(0x407FE010u)
#define FSADDR REGISTER32(0x407FE030u)
#define FMEPROT REGISTER16(0x407FE044u)
#define FSTATR REGISTER32(0x407FE080u)
#define FENTRYR REGISTER16(0x407FE084u)
#define FCPSR REGISTER16(0x407FE0E0u)
#define FPCKAR REGISTER16(0x407FE0E4u)

#define FASTAT_CMDLK (1u << 4)
#define FSTATR_DBFULL (1u << 10)
#define FSTATR_PRGERR (1u << 12)
#define FSTATR_ERSERR (1u << 13)
#define FSTATR_ILGLERR (1u << 14)
#define FSTATR_FRDY (1u << 15)
#define FENTRYR_PROGRAM 0xAA01u
#define FENTRYR_READ 0xAA00u
#define FMEPROT_OPEN 0xD900u
#define FMEPROT_SHUT 0xD901u
#define FPCKAR_8_MHZ 0x1E08u
#define FCPSR_ERASE_FIRST 1u
#define FWEPROR_PERMIT 1u
#define FWEPROR_PROHIBIT 2u

#define PROGRAM 0xE8u
#define ERASE 0x20u
#define FINAL 0xD0u
#define CLEAR_STATUS 0x50u
#define FORCED_STOP 0xB3u

#define CODE_FLASH_BYTES 0x100000u
#define SMALL_BLOCKS_END 0x10000u
#define SMALL_BLOCK 0x2000u
#define LARGE_BLOCK 0x8000u
#define UNIT 128u
#define POLLS 4000000u /* of at least 4 cycles at 8 MHz: 2 s, twice the longest erasure */

static uint32_t failure(ra6e1_flash_error error, uint32_t status) {
    return (uint32_t)error | status << 8;
}

/* The end of a command, which takes 1.1 s at most. Should option-setting memory have started the
 * watchdog, it has that long from here. */
static bool ready(void) {
    IWDTRR = IWDTRR_FIRST;
    IWDTRR = IWDTRR_SECOND;
    for (uint32_t i = 0; i < POLLS; i++) {
        if ((FSTATR & FSTATR_FRDY) != 0) {
            return true;
        }
    }
    return false;
}

static bool mode_is(uint16_t mode) {
    for (uint32_t i = 0; i < POLLS; i++) {
        if (FENTRYR == mode) {
            return true;
        }
    }
    return false;
}

/* Back to a sequencer that takes commands, whatever it was doing. */
static void stop_by_force(void) {
    if ((FSTATR & FSTATR_ILGLERR) != 0) {
        (void)FASTAT; /* must be read before 0 clears it */
        FASTAT = 0;
    }
    FACI_COMMAND = FORCED_STOP;
    if (ready()) {
        FACI_COMMAND = CLEAR_STATUS;
    }
}

static uint32_t enter(void) {
    CCACTL = 0;
    FMEPROT = FMEPROT_OPEN;
    FENTRYR = FENTRYR_PROGRAM;
    if (!mode_is(FENTRYR_PROGRAM & 0xFFu)) {
        return failure(RA6E1_FLASH_NO_ENTRY, FSTATR);
    }
    if ((FASTAT & FASTAT_CMDLK) != 0 || (FSTATR & FSTATR_FRDY) == 0) {
        stop_by_force(); /* what an interrupted session left behind */
    }
    return RA6E1_FLASH_OK;
}

/* Out of programming mode, so that flash can be read again; `result` is what there was to say. */
static uint32_t leave(uint32_t result) {
    if (result != RA6E1_FLASH_OK && FENTRYR != 0) {
        stop_by_force();
    }
    FENTRYR = FENTRYR_READ;
    const bool left = mode_is(FENTRYR_READ & 0xFFu);
    FMEPROT = FMEPROT_SHUT;
    if (result == RA6E1_FLASH_OK && !left) {
        return failure(RA6E1_FLASH_NO_ENTRY, FSTATR);
    }
    return result;
}

static uint32_t finish_command(void) {
    FACI_COMMAND = FINAL;
    if (!ready()) {
        return failure(RA6E1_FLASH_TIMEOUT, FSTATR);
    }
    const uint32_t status = FSTATR;
    if ((status & FSTATR_ERSERR) != 0) {
        return failure(RA6E1_FLASH_ERASE, status);
    }
    if ((status & FSTATR_PRGERR) != 0) {
        return failure(RA6E1_FLASH_PROGRAM, status);
    }
    if ((status & FSTATR_ILGLERR) != 0 || (FASTAT & FASTAT_CMDLK) != 0) {
        return failure(RA6E1_FLASH_ILLEGAL, status);
    }
    return RA6E1_FLASH_OK;
}

static uint32_t program_unit(uint32_t address, const uint16_t *data) {
    FSADDR = address;
    FACI_COMMAND = PROGRAM;
    FACI_COMMAND = UNIT / 2;
    for (uint32_t i = 0; i < UNIT / 2; i++) {
        FACI_DATA = data[i];
        uint32_t polls = 0;
        while ((FSTATR & FSTATR_DBFULL) != 0) {
            if (++polls == POLLS) {
                return failure(RA6E1_FLASH_TIMEOUT, FSTATR);
            }
        }
    }
    return finish_command();
}

static bool inside(uint32_t address, uint32_t size) {
    return address < CODE_FLASH_BYTES && size <= CODE_FLASH_BYTES - address;
}

/* With no DMA and no cache in the way, and clocks for the flash. */
__attribute__((used)) static uint32_t start(void) {
    DMAST = 0;
    CCACTL = 0;
    FCACHEE = 0;
    PRCR = PRCR_KEY | PRCR_PRC0 | PRCR_PRC1;
    SYOCDCR = SYOCDCR_DBGEN;
    /* The MOCO always runs, and is on after a reset: undivided, 8 MHz suit every clock. */
    SCKSCR = SCKSCR_MOCO;
    SCKDIVCR = 0;
    FWEPROR = FWEPROR_PERMIT;
    FPCKAR = FPCKAR_8_MHZ;
    PRCR = PRCR_KEY;
    return RA6E1_FLASH_OK;
}

/* The debugger resets the chip before. Should it have caught the core too late, a program has run
 * meanwhile, whose limit of the stack lies above ours: it goes before anything is pushed. */
__attribute__((naked)) uint32_t ra6e1_flash_init(uint32_t address __attribute__((unused)),
                                                 uint32_t clock __attribute__((unused)),
                                                 uint32_t operation __attribute__((unused))) {
    __asm volatile("movs r0, #0\n"
                   "msr msplim, r0\n"
                   "cpsid i\n"
                   "b start\n");
}

uint32_t ra6e1_flash_uninit(uint32_t operation) {
    (void)operation;
    FWEPROR = FWEPROR_PROHIBIT;
    return RA6E1_FLASH_OK;
}

uint32_t ra6e1_flash_erase_sector(uint32_t address) {
    const uint32_t block = address < SMALL_BLOCKS_END ? SMALL_BLOCK : LARGE_BLOCK;
    if (!inside(address, block)) {
        return failure(RA6E1_FLASH_OUTSIDE, 0);
    }
    if (address % block != 0) {
        return failure(RA6E1_FLASH_UNALIGNED, 0);
    }
    uint32_t result = enter();
    if (result == RA6E1_FLASH_OK) {
        FCPSR = FCPSR_ERASE_FIRST;
        FSADDR = address;
        FACI_COMMAND = ERASE;
        result = finish_command();
    }
    return leave(result);
}

uint32_t ra6e1_flash_program_page(uint32_t address, uint32_t size, const uint16_t *data) {
    if (!inside(address, size)) {
        return failure(RA6E1_FLASH_OUTSIDE, 0);
    }
    if (address % UNIT != 0 || size % UNIT != 0) {
        return failure(RA6E1_FLASH_UNALIGNED, 0);
    }
    uint32_t result = enter();
    for (uint32_t done = 0; done < size && result == RA6E1_FLASH_OK; done += UNIT) {
        result = program_unit(address + done, data + done / 2);
    }
    return leave(result);
}

uint32_t ra6e1_flash_verify(uint32_t address, uint32_t size, const uint32_t *data) {
    if (!inside(address, size)) {
        return failure(RA6E1_FLASH_OUTSIDE, 0);
    }
    if (address % 4 != 0 || size % 4 != 0) {
        return failure(RA6E1_FLASH_UNALIGNED, 0);
    }
    for (uint32_t done = 0; done < size; done += 4) {
        if (REGISTER32(address + done) != data[done / 4]) {
            return failure(RA6E1_FLASH_DIFFERENT, 0);
        }
    }
    return RA6E1_FLASH_OK;
}
