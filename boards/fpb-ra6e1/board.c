/* FPB-RA6E1: SCI9 on the Arduino header's D0 and D1 (and Pmod 2), because the on-board J-Link has
 * no serial port. Pins: renesas/ra-fsp-examples, sci_uart_fpb_ra6e1_ep; LEDs: renesas/fsp,
 * ra/board/ra6e1_fpb/board_leds.c; event: mcu/ra6e1/bsp_elc.h. */
#include "proofboard/board.h"
#include "port.h"

const char pb_board_name[] = "fpb-ra6e1";

const ra6e1_port ra6e1_board_port = {
    .sci = 9,
    .rxi_event = 0x1B6,
    .function = 5,
    .transmit = {1, 9},  /* P109, TXD9: Arduino D1 */
    .receive = {1, 10},  /* P110, RXD9: Arduino D0 */
    .heartbeat = {4, 8}, /* P408, LED1 */
    .reception = &ra6e1_by_dma,
};
