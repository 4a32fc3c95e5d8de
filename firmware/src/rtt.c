#include "rtt.h"
#include <stdbool.h>

#define ID_BYTES 16u
#define PATIENCE 1000000u /* polls of the ring before a probe counts as gone */

typedef struct {
    const char *name;
    uint8_t *bytes;
    uint32_t size;
    volatile uint32_t write; /* offsets; whoever writes one of them is its only writer */
    volatile uint32_t read;
    uint32_t flags;
} rtt_ring;

typedef struct {
    volatile char id[ID_BYTES];
    int32_t up_rings;
    int32_t down_rings;
    rtt_ring up;
    rtt_ring down;
} rtt_control;

extern rtt_control _SEGGER_RTT; /* the name that debuggers look for */
rtt_control _SEGGER_RTT;
static uint8_t up_bytes[PB_RTT_UP_BYTES];
static uint8_t down_bytes[PB_RTT_DOWN_BYTES];
static bool unread; /* the last wait was in vain: don't wait again before there is room */

void pb_rtt_start(void) {
    static const char id[ID_BYTES] = "TTR REGGES"; /* backwards: no probe shall find the constant */
    static const char name[] = "Proofboard";
    rtt_control *control = &_SEGGER_RTT;
    control->up_rings = 1;
    control->down_rings = 1;
    control->up = (rtt_ring){.name = name, .bytes = up_bytes, .size = sizeof up_bytes};
    control->down = (rtt_ring){.name = name, .bytes = down_bytes, .size = sizeof down_bytes};
    unread = false;
    for (uint32_t i = 0; i < 10u; i++) {
        control->id[i] = id[9u - i];
    }
}

uint32_t pb_rtt_receive(uint8_t *bytes, uint32_t capacity) {
    rtt_ring *ring = &_SEGGER_RTT.down;
    const uint32_t end = ring->write;
    uint32_t at = ring->read;
    uint32_t count = 0;
    if (end >= sizeof down_bytes || at >= sizeof down_bytes) { /* a probe may write anything */
        ring->read = 0;
        return 0;
    }
    while (count < capacity && at != end) {
        bytes[count++] = down_bytes[at];
        at = at + 1u < sizeof down_bytes ? at + 1u : 0u;
    }
    ring->read = at;
    return count;
}

static bool has_room(uint32_t next) {
    if (_SEGGER_RTT.up.read != next) {
        unread = false;
    } else if (!unread) {
        uint32_t patience = PATIENCE;
        while (patience > 0u && _SEGGER_RTT.up.read == next) {
            patience--;
        }
        unread = patience == 0u;
    }
    return !unread;
}

void pb_rtt_send(const uint8_t *bytes, uint32_t size) {
    uint32_t at = _SEGGER_RTT.up.write;
    for (uint32_t i = 0; i < size && at < sizeof up_bytes; i++) {
        const uint32_t next = at + 1u < sizeof up_bytes ? at + 1u : 0u;
        if (!has_room(next)) {
            break;
        }
        up_bytes[at] = bytes[i];
        at = next;
        _SEGGER_RTT.up.write = at;
    }
}
