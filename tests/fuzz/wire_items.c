#include "wire_items.h"
#include "generated_sizes.h"
#include <string.h>

#define CHUNK 320u
#define CHUNKS ((PB_GENERATED_WINDOW + CHUNK - 1u) / CHUNK)
#define LONGEST_PAYLOAD 720u /* some more than the target takes */

static uint32_t take(wire_source *source, uint32_t bytes) {
    uint32_t value = 0;
    for (uint32_t i = 0; i < bytes && source->next < source->end; i++) {
        value |= (uint32_t)*source->next++ << (8u * i);
    }
    return value;
}

/* One byte, -128 ... 127, modulo 2^32. */
static uint32_t take_signed(wire_source *source) {
    const uint32_t value = take(source, 1);
    return value < 128u ? value : value - 256u;
}

static uint32_t take_bytes(wire_source *source, uint8_t *out, uint32_t count) {
    const size_t left = (size_t)(source->end - source->next);
    const uint32_t taken = count < left ? count : (uint32_t)left;
    memcpy(out, source->next, taken);
    source->next += taken;
    return taken;
}

static void put_number(uint8_t *at, uint32_t value) {
    for (uint32_t i = 0; i < 4u; i++) {
        at[i] = (uint8_t)(value >> (8u * i));
    }
}

/* Stuffing: each run of up to 254 bytes that are not zero behind its length plus one. */
static void put_frame(wire_item *item, uint8_t *body, uint32_t size) {
    put_number(body + size, model_crc(body, size));
    uint8_t *out = item->bytes + item->size;
    *out++ = 0;
    const uint32_t total = size + 4u;
    uint32_t at = 0;
    for (;;) {
        uint32_t run = 0;
        while (run < 254u && at + run < total && body[at + run] != 0) {
            run++;
        }
        *out++ = (uint8_t)(run + 1u);
        memcpy(out, body + at, run);
        out += run;
        at += run;
        if (at == total) {
            break;
        }
        at += run < 254u ? 1u : 0u;
    }
    *out++ = 0;
    item->size = (uint32_t)(out - item->bytes);
}

static uint32_t put_head(uint8_t *body, uint8_t type, const wire_model *model, uint32_t packet) {
    body[0] = type;
    put_number(body + 1, model->session);
    put_number(body + 5, packet);
    return 9;
}

static void put_good_chunk(wire_source *source, const wire_model *model, wire_item *item,
                           const uint8_t how[3]) {
    uint8_t body[1 + 14 + 1 + 2 * CHUNK + 4];
    const uint32_t chunk = how[0] % CHUNKS;
    uint32_t size = put_head(body, 2, model, ++source->packet);
    put_number(body + size, model->clip);
    body[size + 4u] = (uint8_t)chunk;
    body[size + 5u] = how[1];
    body[size + 6u] = 3; /* the samples themselves */
    size += 7u;
    const uint32_t left = PB_GENERATED_WINDOW - chunk * CHUNK;
    for (uint32_t i = 0; i < 2u * (left < CHUNK ? left : CHUNK); i++) {
        body[size++] = (uint8_t)(how[2] * (i + chunk) >> (how[2] % 8u));
    }
    put_frame(item, body, size);
}

static void put_chunk(wire_source *source, const wire_model *model, wire_item *item) {
    uint8_t body[1 + LONGEST_PAYLOAD + 4];
    const uint32_t clip = model->clip + take_signed(source);
    const uint32_t chunk = take(source, 1);
    const uint32_t flags = take(source, 1);
    const uint32_t leap = take(source, 2);
    /* The largest leaps stand for numbers near the end of the range. */
    source->packet += leap > 0xFF00u ? leap << 16 : leap % 0x1000u;
    uint32_t size = put_head(body, 2, model, ++source->packet);
    put_number(body + size, clip);
    body[size + 4u] = (uint8_t)chunk;
    body[size + 5u] = (uint8_t)flags;
    size += 6u;
    const uint32_t count = take(source, 2) % (LONGEST_PAYLOAD - size);
    size += take_bytes(source, body + size, count);
    put_frame(item, body, size);
}

static void put_any_frame(wire_source *source, wire_item *item) {
    uint8_t body[1 + LONGEST_PAYLOAD + 4];
    body[0] = (uint8_t)take(source, 1);
    const uint32_t count = take(source, 2) % LONGEST_PAYLOAD;
    put_frame(item, body, 1u + take_bytes(source, body + 1, count));
}

static void put_request(wire_source *source, const wire_model *model, wire_item *item) {
    uint8_t body[1 + 12 + 4];
    const uint8_t type = (uint8_t)take(source, 1);
    const uint32_t clip = model->clip + take_signed(source);
    const uint32_t second = take_signed(source);
    const bool numbered = type == 3u;
    (void)put_head(body, type, model, numbered ? ++source->packet + (second & 0xFFu) : clip);
    put_number(body + 9, numbered ? clip : second);
    put_frame(item, body, type == 5u ? 9u : 13u); /* BAUD_REQUEST is shorter */
}

bool wire_next(wire_source *source, const wire_model *model, wire_item *item) {
    if (source->next == source->end) {
        return false;
    }
    const uint32_t operation = take(source, 1);
    const uint32_t kind = (operation >> 2) % WIRE_KINDS;
    uint8_t how[3] = {0, 0, 0};
    item->lane = operation % 4u == 3u ? 0 : operation % 4u;
    item->size = 0;
    item->moves_ring = kind == 8u;
    if (kind == 3u || kind == 4u || kind == 7u) {
        (void)take_bytes(source, how, sizeof how);
    }
    switch (kind) {
    case 0:
        item->size = take_bytes(source, item->bytes, take(source, 1));
        break;
    case 1:
        put_any_frame(source, item);
        break;
    case 2:
        put_chunk(source, model, item);
        break;
    case 3:
    case 7:
        put_good_chunk(source, model, item, how);
        break;
    case 4:
        for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
            if (chunk != how[0]) {
                put_good_chunk(source, model, item, (uint8_t[3]){(uint8_t)chunk, how[1], how[2]});
            }
        }
        break;
    case 5: {
        uint8_t body[1 + 4 + 4] = {1};
        put_number(body + 1, take(source, 1));
        source->packet = 0;
        put_frame(item, body, 5);
        break;
    }
    case 6:
        put_request(source, model, item);
        break;
    default:
        item->ring_write = take(source, 2);
        item->ring_read = take(source, 2);
        break;
    }
    if (kind == 7u) {
        const uint32_t position = take(source, 2) % item->size;
        item->bytes[position] ^= (uint8_t)take(source, 1);
    }
    return true;
}
