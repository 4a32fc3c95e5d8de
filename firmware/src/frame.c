#include "link.h"
#include "proofboard/cobs.h"
#include "proofboard/crc32.h"

void pb_frame_begin(pb_frame *frame, uint8_t type) {
    frame->bytes[0] = type;
    frame->size = 1;
}

void pb_frame_u8(pb_frame *frame, uint8_t value) {
    if (frame->size < 1 + PB_MAX_PAYLOAD) {
        frame->bytes[frame->size++] = value;
    }
}

void pb_frame_u16(pb_frame *frame, uint16_t value) {
    pb_frame_u8(frame, (uint8_t)value);
    pb_frame_u8(frame, (uint8_t)(value >> 8));
}

void pb_frame_u32(pb_frame *frame, uint32_t value) {
    pb_frame_u16(frame, (uint16_t)value);
    pb_frame_u16(frame, (uint16_t)(value >> 16));
}

void pb_frame_bytes(pb_frame *frame, const void *bytes, uint32_t size) {
    const uint8_t *next = bytes;
    while (size-- > 0) {
        pb_frame_u8(frame, *next++);
    }
}

void pb_frame_send(pb_frame *frame) {
    /* Ends a frame that a fault may have cut off: the report behind it must not be lost too. */
    static const uint8_t delimiter = 0;
    pb_link_send(&delimiter, 1);
    const uint32_t crc = pb_crc32(0, frame->bytes, frame->size);
    for (uint32_t i = 0; i < 4; i++) {
        frame->bytes[frame->size++] = (uint8_t)(crc >> (8 * i));
    }
    pb_cobs_encode(frame->bytes, frame->size, pb_link_send);
}

uint16_t pb_read_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | (uint16_t)(bytes[1] << 8));
}

uint32_t pb_read_u32(const uint8_t *bytes) {
    return pb_read_u16(bytes) | ((uint32_t)pb_read_u16(bytes + 2) << 16);
}
