/* An RA6E1 as Renode simulates it: wired as the FPB-RA6E1, but Renode's DMAC is a name without a
 * model, so bytes are polled for. */
#include "proofboard/board.h"
#include "port.h"

const char pb_board_name[] = "renode-ra6e1";

const ra6e1_port ra6e1_board_port = {
    .sci = 9,
    .rxi_event = 0x1B6,
    .function = 5,
    .transmit = {1, 9},
    .receive = {1, 10},
    .heartbeat = {4, 8},
    .reception = &ra6e1_by_polling,
};
