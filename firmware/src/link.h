/* Frames in and out of the board's byte streams, and of the debug probe's. */
#ifndef PROOFBOARD_LINK_H
#define PROOFBOARD_LINK_H

#include <stdint.h>

/* Called with each frame whose CRC is right: type, and the payload behind it. */
typedef void (*pb_frame_handler)(uint8_t type, const uint8_t *payload, uint32_t size);

void pb_link_start(void);

/* Take what has arrived on every lane; call `handle` for each whole frame. */
void pb_link_poll(pb_frame_handler handle);

/* Frames dropped since start because their CRC or their stuffing was wrong. */
uint32_t pb_link_bad_frames(void);

/* Frames that a host may have under way on the lane of the last frame, without one being lost while
 * nobody polls. */
uint32_t pb_link_credit(void);

/* Bytes to the host that spoke last; to every lane before any has. */
void pb_link_send(const uint8_t *bytes, uint32_t size);

/* A new rate of the serial port; it falls back to the first one by itself when nothing but noise
 * comes. 0 if the board can't, or the host does not speak over the serial port. */
uint32_t pb_link_can_set_baud(uint32_t baud);
void pb_link_set_baud(uint32_t baud);

/* Bytes in a frame's payload that pb_frame_* builds at most. */
#define PB_MAX_PAYLOAD 512u

/* A frame under construction: begin, put, send. A put past PB_MAX_PAYLOAD is dropped; the callers'
 * messages are bounded below it at compile time. */
typedef struct {
    uint8_t bytes[1 + PB_MAX_PAYLOAD + 4];
    uint32_t size;
} pb_frame;

void pb_frame_begin(pb_frame *frame, uint8_t type);
void pb_frame_u8(pb_frame *frame, uint8_t value);
void pb_frame_u16(pb_frame *frame, uint16_t value);
void pb_frame_u32(pb_frame *frame, uint32_t value);
void pb_frame_bytes(pb_frame *frame, const void *bytes, uint32_t size);
void pb_frame_send(pb_frame *frame);

/* Little-endian reads; the caller has checked the size. */
uint16_t pb_read_u16(const uint8_t *bytes);
uint32_t pb_read_u32(const uint8_t *bytes);

#endif
