#include "wire_model.h"
#include "generated_sizes.h"
#include <string.h>

#define CHUNK 320u
#define CHUNKS ((PB_GENERATED_WINDOW + CHUNK - 1u) / CHUNK)
#define LONGEST 680u  /* decoded bytes of a frame */
#define LEAP 0x10000u /* packet numbers further ahead are not noted */
#define STUFFED 2048u /* more stuffed bytes than any frame that is not too long */

static uint8_t stuffed[MODEL_LANES][STUFFED];
static uint32_t filled[MODEL_LANES];
static int16_t sound[PB_GENERATED_WINDOW];

uint32_t model_crc(const uint8_t *bytes, uint32_t size) {
    uint32_t crc = 0xFFFFFFFFu;
    for (uint32_t i = 0; i < 8u * size; i++) {
        const uint32_t bit = (uint32_t)bytes[i / 8u] >> (i % 8u) & 1u;
        crc = (crc >> 1) ^ (((crc ^ bit) & 1u) != 0 ? 0xEDB88320u : 0u);
    }
    return ~crc;
}

int32_t model_unstuff(const uint8_t *from, uint32_t size, uint8_t *out, uint32_t capacity) {
    uint32_t count = 0;
    uint32_t at = 0;
    while (at < size) {
        const uint32_t code = from[at];
        if (at + code > size || count + code - 1u > capacity) {
            return -1;
        }
        memcpy(out + count, from + at + 1u, code - 1u);
        count += code - 1u;
        at += code;
        if (at < size && code != 255u) {
            if (count == capacity) {
                return -1;
            }
            out[count++] = 0;
        }
    }
    return (int32_t)count;
}

static uint32_t number(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* `width` bits from bit `*at` on; -1 past the end. */
static int32_t bits(const uint8_t *code, uint32_t size, uint32_t *at, uint32_t width) {
    int32_t value = 0;
    if (*at + width > 8u * size) {
        return -1;
    }
    for (uint32_t i = 0; i < width; i++, (*at)++) {
        value |= (int32_t)((uint32_t)code[*at / 8u] >> (*at % 8u) & 1u) << i;
    }
    return value;
}

static bool decode_raw(const uint8_t *code, uint32_t size, int16_t *out, uint32_t count) {
    if (size != 2u * count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i] = (int16_t)(uint16_t)(code[2u * i] | (uint32_t)code[2u * i + 1u] << 8);
    }
    return true;
}

static bool decode(const uint8_t *code, uint32_t size, int16_t *out, uint32_t count) {
    if (code[0] == 3u) {
        return decode_raw(code + 1, size - 1u, out, count);
    }
    if (code[0] > 2u) {
        return false;
    }
    uint32_t at = 8;
    int32_t width = 0;
    for (uint32_t i = 0; i < count; i++) {
        width = i % 20u == 0 ? bits(code, size, &at, 5) : width;
        const int32_t zigzag =
            width < 0 || width > 19 ? -1 : bits(code, size, &at, (uint32_t)width);
        if (zigzag < 0) {
            return false;
        }
        const int32_t residual = zigzag % 2 != 0 ? -(zigzag + 1) / 2 : zigzag / 2;
        const int32_t one = i > 0 ? out[i - 1u] : 0;
        const int32_t two = i > 1u ? out[i - 2u] : 0;
        const int32_t value = residual + (code[0] == 0 ? 0 : code[0] == 1u ? one : 2 * one - two);
        if (value < -32768 || value > 32767) {
            return false;
        }
        out[i] = (int16_t)value;
    }
    if (8u * size - at >= 8u) {
        return false;
    }
    return bits(code, size, &at, 8u * size - at) == 0;
}

static void take_chunk(wire_model *model, const uint8_t *payload, uint32_t size) {
    const uint32_t clip = number(payload + 8);
    const uint32_t chunk = payload[12];
    if (clip != model->clip || chunk >= CHUNKS) {
        return;
    }
    if ((model->received[chunk / 32u] >> (chunk % 32u) & 1u) != 0) {
        return;
    }
    const uint32_t left = PB_GENERATED_WINDOW - chunk * CHUNK;
    const uint32_t count = left < CHUNK ? left : CHUNK;
    int16_t samples[CHUNK];
    if (!decode(payload + 14, size - 14u, samples, count)) {
        return;
    }
    memcpy(sound + chunk * CHUNK, samples, count * sizeof samples[0]);
    model->received[chunk / 32u] |= 1u << (chunk % 32u);
    uint32_t held = 0;
    for (uint32_t i = 0; i < CHUNKS; i++) {
        held += model->received[i / 32u] >> (i % 32u) & 1u;
    }
    if (held == CHUNKS) {
        model->pcm_crc[clip % MODEL_RESULTS] = model_crc((const uint8_t *)sound, sizeof sound);
        memset(model->received, 0, sizeof model->received);
        model->clip++;
    }
}

static void take_message(wire_model *model, uint8_t type, const uint8_t *payload, uint32_t size) {
    if (size < 4u) {
        return;
    }
    const uint32_t session = number(payload);
    if (type == 1u && size == 4u && session != 0 && session != model->session) {
        *model = (wire_model){.session = session,
                              .sessions = model->sessions + 1u,
                              .bad_frames = model->bad_frames,
                              .last_type = model->last_type};
    }
    const bool numbered = (type == 2u && size > 14u) || (type == 3u && size == 12u);
    if (session == 0 || session != model->session || !numbered) {
        return;
    }
    const uint32_t packet = number(payload + 4);
    if (packet > model->packet && packet - model->packet <= LEAP) {
        model->packet = packet;
    }
    if (type == 2u) {
        take_chunk(model, payload, size);
    }
}

void model_start(wire_model *model) {
    *model = (wire_model){.last_type = MODEL_NO_FRAME};
    memset(filled, 0, sizeof filled);
}

void model_take(wire_model *model, uint32_t lane, uint8_t byte) {
    if (byte != 0) {
        if (filled[lane] < STUFFED) {
            stuffed[lane][filled[lane]++] = byte;
        }
        return;
    }
    uint8_t frame[LONGEST];
    const int32_t size =
        filled[lane] == STUFFED ? -1 : model_unstuff(stuffed[lane], filled[lane], frame, LONGEST);
    filled[lane] = 0;
    if (size == 0) {
        return;
    }
    const uint32_t body = size < 5 ? 0 : (uint32_t)size - 4u;
    if (body == 0 || model_crc(frame, body) != number(frame + body)) {
        model->bad_frames++;
        return;
    }
    model->last_type = frame[0];
    take_message(model, frame[0], frame + 1, body - 1u);
}

bool model_holds(const wire_model *model, uint32_t clip) {
    return clip < model->clip && model->clip - clip <= MODEL_RESULTS;
}
