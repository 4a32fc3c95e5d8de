/* Part number and unique id: the chip's factory data (Renesas FSP 6.3.1, ra6e1/bsp_feature.h). */
#include "proofboard/board.h"
#include "registers.h"

#define WORDS 4u /* of each: 16 bytes */
#define HEX_DIGITS (8u * WORDS)

static char identity[4u * WORDS + 1u + HEX_DIGITS + 1u];

static char *put_text(char *to, uint32_t word) {
    for (uint32_t i = 0; i < 4; i++, word >>= 8) {
        const char character = (char)(word & 0xFFu);
        if (character > ' ' && character <= '~') { /* the part number ends in blanks */
            *to++ = character;
        }
    }
    return to;
}

static char *put_hex(char *to, uint32_t word) {
    for (uint32_t i = 0; i < 4; i++, word >>= 8) { /* byte by byte, as it lies in memory */
        *to++ = "0123456789abcdef"[(word >> 4) & 15u];
        *to++ = "0123456789abcdef"[word & 15u];
    }
    return to;
}

const char *pb_board_identity(void) {
    char *to = identity;
    for (uint32_t i = 0; i < WORDS; i++) {
        to = put_text(to, PART_NUMBER(i));
    }
    *to++ = ' ';
    for (uint32_t i = 0; i < WORDS; i++) {
        to = put_hex(to, UNIQUE_ID(i));
    }
    *to = '\0';
    return identity;
}
