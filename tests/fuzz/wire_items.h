/* The fuzzer's input, read as a list of items: what goes over the wire next. Frames get their
 * stuffing and CRC here, so that the fuzzer reaches what lies behind them.
 *
 * An item is an operation and what it needs. The operation's low 2 bits choose the lane (0, 3:
 * serial 0; 1: serial 1; 2: probe), the rest modulo WIRE_KINDS the kind:
 *   0 bytes as they are: count:u8, bytes
 *   1 any frame: type:u8, count:u16, payload
 *   2 a chunk of this session: clip:i8 (added to the one in progress), chunk:u8, flags:u8,
 *     leap:u16 (of the packet number), count:u16, code
 *   3 a good chunk: chunk:u8, flags:u8, seed:u8
 *   4 a good clip but for one chunk: chunk:u8, flags:u8, seed:u8
 *   5 HELLO_REQUEST: session:u8
 *   6 a message of this session: type:u8, two numbers:i8, the first one added to the clip
 *   7 kind 3 with one byte changed on the wire: …, position:u16, change:u8
 *   8 other offsets in the probe's rings: write:u16, read:u16
 * What the input lacks is 0. */
#ifndef WIRE_ITEMS_H
#define WIRE_ITEMS_H

#include "wire_model.h"
#include <stddef.h>

#define WIRE_KINDS 9u
#define WIRE_BYTES 8192u

typedef struct {
    const uint8_t *next; /* of the input */
    const uint8_t *end;
    uint32_t packet; /* the last number given out */
} wire_source;

typedef struct {
    uint32_t lane;
    uint32_t size; /* bytes for the wire */
    uint8_t bytes[WIRE_BYTES];
    bool moves_ring;
    uint32_t ring_write;
    uint32_t ring_read;
} wire_item;

/* The next item, made for the target that `model` describes; false at the end of the input. */
bool wire_next(wire_source *source, const wire_model *model, wire_item *item);

#endif
