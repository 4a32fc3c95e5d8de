/* What a target must know after the bytes it was given: a second, plain receiver, written from
 * docs/protocol.md alone. The fuzzer compares the firmware's every answer with it. */
#ifndef WIRE_MODEL_H
#define WIRE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#define MODEL_LANES 3u
#define MODEL_RESULTS 4u
#define MODEL_WORDS 4u
#define MODEL_NO_FRAME 0x100u

typedef struct {
    uint32_t session;
    uint32_t packet;
    uint32_t clip;
    uint32_t received[MODEL_WORDS];
    uint32_t pcm_crc[MODEL_RESULTS]; /* of clip n at n % MODEL_RESULTS */
    uint32_t bad_frames;
    uint32_t sessions;  /* begun since the reset */
    uint32_t last_type; /* of the last whole frame, MODEL_NO_FRAME before any */
} wire_model;

/* CRC-32 (IEEE 802.3), bit by bit. */
uint32_t model_crc(const uint8_t *bytes, uint32_t size);

/* Decode COBS into out[capacity]; the size, or -1 for no valid stuffing or too many bytes. */
int32_t model_unstuff(const uint8_t *stuffed, uint32_t size, uint8_t *out, uint32_t capacity);

/* A target just reset. */
void model_start(wire_model *model);

/* One byte that reaches the target on lane < MODEL_LANES. */
void model_take(wire_model *model, uint32_t lane, uint8_t byte);

/* Whether the target must still hold the result of `clip`. */
bool model_holds(const wire_model *model, uint32_t clip);

#endif
