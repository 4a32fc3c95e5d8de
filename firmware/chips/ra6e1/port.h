/* A board with an RA6E1 is this much: which serial port, which pins. boards/<name>/board.c gives
 * it. */
#ifndef PROOFBOARD_RA6E1_PORT_H
#define PROOFBOARD_RA6E1_PORT_H

#include "pins.h"
#include "reception.h"
#include <stdint.h>

typedef struct {
    uint32_t sci;       /* channel with FIFO: 0, 3, 4 or 9 */
    uint32_t rxi_event; /* its RXI in the event link controller */
    uint32_t function;  /* PSEL of its pins */
    ra6e1_pin transmit;
    ra6e1_pin receive;
    ra6e1_pin heartbeat; /* an LED, active high */
    const ra6e1_reception *reception;
} ra6e1_port;

extern const ra6e1_port ra6e1_board_port;

#endif
