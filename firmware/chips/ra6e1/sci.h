/* A serial port of the RA6E1: 8 data bits, no parity, 1 stop bit, with FIFO. */
#ifndef PROOFBOARD_RA6E1_SCI_H
#define PROOFBOARD_RA6E1_SCI_H

#include <stdbool.h>
#include <stdint.h>

/* How a bit is made of PCLKA: PCLKA / (divider x (brr + 1)) x mddr / 256. */
typedef struct {
    uint8_t semr; /* BGDM, ABCS and BRME */
    uint8_t brr;
    uint8_t mddr;
} ra6e1_baud;

/* The setting nearest to `baud` bit/s; among equals the one with more samples a bit. `pclka_hz` is
 * a multiple of 256, at most 100 MHz, and at least 8 x baud; baud is at least pclka_hz / 8192. */
ra6e1_baud ra6e1_baud_for(uint32_t pclka_hz, uint32_t baud);

/* Set the channel up (one with FIFO: 0, 3, 4, 9), transmitter and receiver still off. */
void ra6e1_sci_start(uint32_t channel, ra6e1_baud baud);

/* Switch both off, once all bytes are on the line, for another rate; a wait of as long as
 * ra6e1_sci_send's at the most. */
void ra6e1_sci_stop(uint32_t channel, ra6e1_baud baud);

/* Switch transmitter and receiver on. Every byte received raises the event RXI: whoever waits for
 * it must be ready. */
void ra6e1_sci_enable(uint32_t channel);

/* Returns when all bytes are in the FIFO. If the channel takes none for 10 ms of a 200 MHz core and
 * more, the rest is dropped: a dead port must not stop the network. */
void ra6e1_sci_send(uint32_t channel, const uint8_t *bytes, uint32_t size);

/* Bytes that wait in the receive FIFO. */
uint32_t ra6e1_sci_waiting(uint32_t channel);

/* Take one of them. */
uint8_t ra6e1_sci_take(uint32_t channel);

/* After an overrun the receiver stands until it is told: tell it. Whether there was an error. Lost
 * bytes are the link's matter, whose frames carry a CRC. */
bool ra6e1_sci_clear_errors(uint32_t channel);

#endif
