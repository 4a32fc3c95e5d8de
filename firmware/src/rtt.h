/* A byte stream through memory that a debug probe reads and writes while the core runs: SEGGER's
 * Real Time Transfer, so that any tool that knows it finds it too. One ring each way.
 * Layout of the control block: SEGGER, J-Link user guide (UM08001), "RTT control block". */
#ifndef PROOFBOARD_RTT_H
#define PROOFBOARD_RTT_H

#include <stdint.h>

#define PB_RTT_DOWN_BYTES 4096u /* host to target; a ring holds one byte less */
#define PB_RTT_UP_BYTES 1024u

/* Empty rings; from then on a probe finds the control block, `_SEGGER_RTT`. */
void pb_rtt_start(void);

/* Up to `capacity` bytes that the probe has written; returns how many. Never blocks. */
uint32_t pb_rtt_receive(uint8_t *bytes, uint32_t capacity);

/* Into the ring to the host. Where no probe reads, gives up after a bounded wait and drops the
 * rest: the host asks again for what it misses. */
void pb_rtt_send(const uint8_t *bytes, uint32_t size);

#endif
