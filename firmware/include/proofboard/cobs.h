/* Consistent Overhead Byte Stuffing (Cheshire & Baker 1999): no zero inside a frame, zero between
 * frames. */
#ifndef PROOFBOARD_COBS_H
#define PROOFBOARD_COBS_H

#include <stdbool.h>
#include <stdint.h>

/* Encodes and sends block by block: size bytes become at most size + size/254 + 2, the delimiter
 * behind them included. */
typedef void (*pb_cobs_sink)(const uint8_t *bytes, uint32_t size);
void pb_cobs_encode(const uint8_t *bytes, uint32_t size, pb_cobs_sink sink);

/* A decoder that takes one byte at a time and never writes past `capacity`. */
typedef struct {
    uint8_t *frame;    /* [capacity], owned by the caller */
    uint32_t capacity; /* bytes */
    uint32_t size;     /* decoded so far */
    uint32_t dropped;  /* frames that were too long or malformed, since the caller set it to 0 */
    uint8_t left;      /* literal bytes left in the block */
    bool zero_due;     /* a zero belongs before the next block */
    bool broken;       /* too long or malformed: swallow up to the next delimiter */
} pb_cobs_decoder;

/* Ready for the first byte of a frame; `frame`, `capacity` and `dropped` stay. */
void pb_cobs_reset(pb_cobs_decoder *decoder);

/* Size of the frame that `byte` ends, 0 if it ends none or a malformed one. frame[0..size) holds
 * the frame until the next call. */
uint32_t pb_cobs_take(pb_cobs_decoder *decoder, uint8_t byte);

#endif
