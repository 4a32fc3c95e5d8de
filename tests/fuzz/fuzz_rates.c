/* What a board may leave out; apart, because link.c has weak ones of the same names. */
#include "proofboard/board.h"

uint32_t pb_board_receive_buffer(void) {
    return 4096;
}

uint32_t pb_board_has_baud(uint32_t baud) {
    return baud % 2u;
}

void pb_board_set_baud(uint32_t baud) {
    (void)baud;
}
