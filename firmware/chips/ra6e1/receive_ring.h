/* Reception by DMA into a ring: nothing is lost while the core is busy, and it is not interrupted,
 * so what it measures is its own work.
 *
 * The DMAC moves one half-word, a byte and its error flags, at every RXI. In free-running normal
 * mode with an extended repeat area it goes round the ring for ever. */
#ifndef PROOFBOARD_RA6E1_RECEIVE_RING_H
#define PROOFBOARD_RA6E1_RECEIVE_RING_H

#include <stdint.h>

/* Bytes that may arrive between two calls of ra6e1_ring_receive: 41 ms at 1 Mbit/s. */
#define RA6E1_RING_BYTES 4096u

/* Arm DMA channel 0 for what SCI `channel` receives: before the receiver is enabled, as a request
 * that nobody waits for is lost. `event` is the number of the channel's RXI in the event link
 * controller. */
void ra6e1_ring_start(uint32_t channel, uint32_t event);

/* Up to `capacity` bytes that have arrived; returns how many. Never blocks. */
uint32_t ra6e1_ring_receive(uint32_t channel, uint8_t *bytes, uint32_t capacity);

#endif
