/* The functions of proofboard/board.h for any board with an RA6E1. */
#include "proofboard/board.h"
#include "clocks.h"
#include "fault.h"
#include "port.h"
#include "registers.h"
#include "sci.h"
#include <stddef.h>

const uint32_t pb_board_lanes = 1;
const pb_counter_kind pb_board_counter = PB_COUNTER_DWT;
const uint32_t pb_board_clock_hz = 200000000u;

#define POLLS_A_BEAT                                                                               \
    1024u /* the counter is looked at so seldom that a poll costs next to nothing */

#define SLOWEST_BAUD 19200u
#define PCLKA_TO_FASTEST_BAUD 25u /* 4 Mbit/s */

static ra6e1_clocks clocks;
static uint32_t polls;
static uint32_t heartbeat_ticks; /* half a second */
static uint32_t heartbeat_since;
static bool heartbeat_high;

static void start_counter(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

/* At least so many cycles; ends even if the counter stands. */
static void pause(uint32_t cycles) {
    const uint32_t since = DWT_CYCCNT;
    for (uint32_t i = 0; i < cycles && DWT_CYCCNT - since < cycles; i++) {
    }
}

void pb_board_start(void) {
    const ra6e1_port *port = &ra6e1_board_port;
    clocks = ra6e1_clocks_start();
    start_counter();
    heartbeat_ticks = clocks.core_hz / 2;
    ra6e1_pins_start();
    ra6e1_sci_start(port->sci, ra6e1_baud_for(clocks.pclka_hz, PB_BOARD_BAUD));
    pause(clocks.core_hz / PB_BOARD_BAUD); /* a bit's time, before the channel is switched on */
    ra6e1_pin_connect(port->transmit, port->function);
    ra6e1_pin_connect(port->receive, port->function);
    port->reception->start(port->sci, port->rxi_event);
    ra6e1_sci_enable(port->sci);
    if (clocks.never_came != NULL) {
        pb_fault_stop((uintptr_t)clocks.never_came);
    }
}

/* Somebody may have used the board before, and have option-setting memory start the watchdog. Main
 * loop and fault report live on for as long as they poll. */
static void refresh_watchdog(void) {
    IWDTRR = IWDTRR_FIRST;
    IWDTRR = IWDTRR_SECOND;
}

static void beat(void) {
    const uint32_t now = DWT_CYCCNT;
    if (now - heartbeat_since >= heartbeat_ticks) {
        heartbeat_since = now;
        heartbeat_high = !heartbeat_high;
        ra6e1_pin_drive(ra6e1_board_port.heartbeat, heartbeat_high);
    }
}

uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    (void)lane; /* there is one */
    if (++polls % POLLS_A_BEAT == 0) {
        refresh_watchdog();
        beat();
    }
    const ra6e1_port *port = &ra6e1_board_port;
    return port->reception->receive(port->sci, bytes, capacity);
}

uint32_t pb_board_has_baud(uint32_t baud) {
    return baud >= SLOWEST_BAUD && baud <= clocks.pclka_hz / PCLKA_TO_FASTEST_BAUD;
}

void pb_board_set_baud(uint32_t baud) {
    const uint32_t rate = baud == 0 ? PB_BOARD_BAUD : baud;
    ra6e1_sci_stop(ra6e1_board_port.sci, ra6e1_baud_for(clocks.pclka_hz, rate));
    pause(clocks.core_hz / rate);
    ra6e1_sci_enable(ra6e1_board_port.sci);
}

uint32_t pb_board_receive_buffer(void) {
    return ra6e1_board_port.reception->buffer_bytes;
}

void pb_board_send(const uint8_t *bytes, uint32_t size) {
    ra6e1_sci_send(ra6e1_board_port.sci, bytes, size);
}

uint32_t pb_board_ticks(void) {
    return DWT_CYCCNT;
}

uint32_t pb_board_ticks_between(uint32_t since, uint32_t until) {
    return until - since;
}
