/* VOICE-RA6E1: SCI4 on the on-board debugger's USB serial port. Pins: ra_cfg.txt of
 * titron/renesas-RA6E1-speech-recognition; LEDs: renesas/fsp, ra/board/ra6e1_voice/board_leds.c;
 * event: mcu/ra6e1/bsp_elc.h. */
#include "proofboard/board.h"
#include "port.h"

const char pb_board_name[] = "voice-ra6e1";

const ra6e1_port ra6e1_board_port = {
    .sci = 4,
    .rxi_event = 0x198,
    .function = 4,
    .transmit = {2, 7},  /* P207, TXD4 */
    .receive = {2, 6},   /* P206, RXD4 */
    .heartbeat = {5, 0}, /* P500, LED1 */
    .reception = &ra6e1_by_dma,
};
