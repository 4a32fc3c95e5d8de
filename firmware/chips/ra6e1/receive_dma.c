/* Fields and order: Renesas FSP 6.3.1, r_dmac.c; DMCRA = 0 as "no count, never ends": RA6 family.
 */
#include "reception.h"
#include "registers.h"
#include "sci.h"

#define DMA_CHANNEL 0u
#define RING_LOG2_BYTES 13u
_Static_assert(RA6E1_RING_BYTES * sizeof(uint16_t) == 1u << RING_LOG2_BYTES, "the repeat area");

/* The DMAC repeats an area that is aligned to its size: the linker script puts it first in RAM. Its
 * contents at start do not matter. */
__attribute__((section(".dma_ring"),
               aligned(1u << RING_LOG2_BYTES))) static volatile uint16_t ring[RA6E1_RING_BYTES];
static uint32_t next;

static void start(uint32_t channel, uint32_t event) {
    MSTPCRA &= ~MSTPCRA_DMAC;
    (void)MSTPCRA; /* the read waits until the module runs */
    DMCNT(DMA_CHANNEL) = 0;
    DMTMD(DMA_CHANNEL) = DMTMD_BY_EVENT | DMTMD_HALFWORDS | DMTMD_NO_REPEAT_AREA;
    DMAMD(DMA_CHANNEL) = DMAMD_TO_INCREMENTED | DMAMD_TO_REPEATS(RING_LOG2_BYTES);
    DMSAR(DMA_CHANNEL) = (uint32_t)(uintptr_t)&SCI_FRDRHL(channel);
    DMDAR(DMA_CHANNEL) = (uint32_t)(uintptr_t)ring;
    DMCRA(DMA_CHANNEL) = DMCRA_FREE_RUNNING;
    DMINT(DMA_CHANNEL) = 0;
    next = 0;
    DELSR(DMA_CHANNEL) = event;
    DMAST = 1;
    DMCNT(DMA_CHANNEL) = 1;
}

/* The request of a byte with an error may never come. It stays in the FIFO, and every byte behind
 * it would come too late by one: the FIFO is emptied. So is one with more than the byte that the
 * DMAC is about to take, whatever kept it. */
static uint32_t take_stuck(uint32_t channel, uint8_t *bytes, uint32_t capacity) {
    const bool spoilt = ra6e1_sci_clear_errors(channel);
    uint32_t count = 0;
    if (spoilt || ra6e1_sci_waiting(channel) > 1) {
        while (count < capacity && ra6e1_sci_waiting(channel) > 0) {
            bytes[count++] = ra6e1_sci_take(channel);
        }
    }
    return count;
}

static uint32_t receive(uint32_t channel, uint8_t *bytes, uint32_t capacity) {
    const uint32_t offset = DMDAR(DMA_CHANNEL) - (uint32_t)(uintptr_t)ring;
    const uint32_t end = offset / sizeof *ring % RA6E1_RING_BYTES;
    uint32_t count = 0;
    while (count < capacity && next != end) {
        bytes[count++] = (uint8_t)ring[next];
        next = (next + 1) % RA6E1_RING_BYTES;
    }
    if (count == 0) {
        count = take_stuck(channel, bytes, capacity);
    }
    return count;
}

const ra6e1_reception ra6e1_by_dma = {start, receive, RA6E1_RING_BYTES};
