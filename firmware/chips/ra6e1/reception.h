/* How bytes come in: by DMA on the chip, by polling where a simulator has no DMAC. */
#ifndef PROOFBOARD_RA6E1_RECEPTION_H
#define PROOFBOARD_RA6E1_RECEPTION_H

#include <stdint.h>

typedef struct {
    /* For what SCI `channel` receives, whose RXI is `event` in the event link controller. Before
     * the receiver is enabled. */
    void (*start)(uint32_t channel, uint32_t event);
    /* Up to `capacity` bytes that have arrived; returns how many. Never blocks. */
    uint32_t (*receive)(uint32_t channel, uint8_t *bytes, uint32_t capacity);
    uint32_t buffer_bytes; /* how many may arrive between two calls of `receive` */
} ra6e1_reception;

/* Into a ring by DMA channel 0: nothing is lost while the core is busy, and it is not interrupted,
 * so that what it measures is its own work. The DMAC moves a half-word, a byte and its error flags,
 * at every RXI; in free-running normal mode with an extended repeat area it goes round the ring for
 * ever. RA6E1_RING_BYTES may arrive between two calls of `receive`: 41 ms at 1 Mbit/s. */
#define RA6E1_RING_BYTES 4096u
extern const ra6e1_reception ra6e1_by_dma;

/* From the FIFO: 16 bytes may arrive between two calls. */
extern const ra6e1_reception ra6e1_by_polling;

#endif
