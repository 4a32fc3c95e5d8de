#include "pcm_decode.h"

#define WIDTH_BITS 5u
#define MAX_ORDER 2u

typedef struct {
    const uint8_t *next;
    const uint8_t *end;
    uint32_t bits;  /* read, not yet taken */
    uint32_t count; /* how many of them: under 8 between calls */
    bool exhausted;
} bit_reader;

/* width is at most PB_CODE_MAX_WIDTH, so the 32 bits hold what is left and one more byte. */
static uint32_t take_bits(bit_reader *reader, uint32_t width) {
    while (reader->count < width) {
        if (reader->next == reader->end) {
            reader->exhausted = true;
            return 0;
        }
        reader->bits |= (uint32_t)*reader->next++ << reader->count;
        reader->count += 8;
    }
    const uint32_t value = reader->bits & (((uint32_t)1 << width) - 1);
    reader->bits >>= width;
    reader->count -= width;
    return value;
}

static bool take_raw(const uint8_t *bytes, uint32_t size, int16_t *samples, uint32_t count) {
    if (size != 2 * count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        samples[i] = (int16_t)(uint16_t)(bytes[2 * i] | (uint32_t)bytes[2 * i + 1] << 8);
    }
    return true;
}

bool pb_pcm_decode(const uint8_t *coded, uint32_t size, int16_t *samples, uint32_t count) {
    if (size > 0 && coded[0] == PB_CODE_RAW) {
        return take_raw(coded + 1, size - 1, samples, count);
    }
    if (size == 0 || coded[0] > MAX_ORDER) {
        return false;
    }
    const uint32_t order = coded[0];
    bit_reader reader = {coded + 1, coded + size, 0, 0, false};
    int32_t before = 0;
    int32_t before_that = 0;
    uint32_t width = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i % PB_CODE_BLOCK == 0) {
            width = take_bits(&reader, WIDTH_BITS);
            if (width > PB_CODE_MAX_WIDTH) {
                return false;
            }
        }
        const uint32_t zigzag = take_bits(&reader, width);
        const int32_t residual = (int32_t)(zigzag >> 1) ^ -(int32_t)(zigzag & 1);
        const int32_t predicted = order == 0 ? 0 : (order == 1 ? before : 2 * before - before_that);
        const int32_t sample = predicted + residual;
        if (reader.exhausted || sample < INT16_MIN || sample > INT16_MAX) {
            return false;
        }
        samples[i] = (int16_t)sample;
        before_that = before;
        before = sample;
    }
    return reader.next == reader.end && reader.bits == 0;
}
