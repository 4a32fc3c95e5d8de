/* Flash algorithm of the RA6E1's code flash, for pyOCD: small position-independent functions that a
 * debugger loads into RAM and calls. It has no data of its own.
 *
 * Each returns 0, or what went wrong: ra6e1_flash_error in bits 7:0, bits 23:0 of FSTATR in bits
 * 31:8. After an error the flash has been stopped by force, so the next call starts anew. */
#ifndef PROOFBOARD_RA6E1_ALGORITHM_H
#define PROOFBOARD_RA6E1_ALGORITHM_H

#include <stdint.h>

typedef enum {
    RA6E1_FLASH_OK = 0,
    RA6E1_FLASH_OUTSIDE = 1,   /* an address outside code flash: option-setting memory, for one */
    RA6E1_FLASH_UNALIGNED = 2, /* an address or a size that is no multiple of the unit */
    RA6E1_FLASH_NO_ENTRY = 3,  /* FENTRYR did not follow */
    RA6E1_FLASH_TIMEOUT = 4,   /* FSTATR.FRDY or DBFULL did not follow */
    RA6E1_FLASH_ERASE = 5,     /* FSTATR.ERSERR */
    RA6E1_FLASH_PROGRAM = 6,   /* FSTATR.PRGERR */
    RA6E1_FLASH_ILLEGAL = 7,   /* FSTATR.ILGLERR, or FASTAT.CMDLK: the sequencer took no command */
    RA6E1_FLASH_DIFFERENT = 8  /* what reads back is not what was programmed */
} ra6e1_flash_error;

/* Clocks for the flash, and leave to program it. `address`, `clock` and `operation` are pyOCD's. */
uint32_t ra6e1_flash_init(uint32_t address, uint32_t clock, uint32_t operation);

/* Take the leave back. */
uint32_t ra6e1_flash_uninit(uint32_t operation);

/* Erase the block that begins at `address`: 8 KiB below 0x10000, 32 KiB from there on. */
uint32_t ra6e1_flash_erase_sector(uint32_t address);

/* Program `size` bytes, a multiple of 128, to erased flash. `data` is even, and in RAM. */
uint32_t ra6e1_flash_program_page(uint32_t address, uint32_t size, const uint16_t *data);

/* Compare `size` bytes, a multiple of 4, with flash. `data` is a multiple of 4. */
uint32_t ra6e1_flash_verify(uint32_t address, uint32_t size, const uint32_t *data);

#endif
