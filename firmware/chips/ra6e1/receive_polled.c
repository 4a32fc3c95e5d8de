#include "reception.h"
#include "registers.h"
#include "sci.h"

static void start(uint32_t channel, uint32_t event) {
    (void)channel, (void)event; /* there is nobody to be told */
}

static uint32_t receive(uint32_t channel, uint8_t *bytes, uint32_t capacity) {
    uint32_t count = 0;
    while (count < capacity && ra6e1_sci_waiting(channel) > 0) {
        bytes[count++] = ra6e1_sci_take(channel);
    }
    (void)ra6e1_sci_clear_errors(channel);
    return count;
}

const ra6e1_reception ra6e1_by_polling = {start, receive, SCI_FIFO_DEPTH};
