#include "proofboard/cobs.h"

void pb_cobs_encode(const uint8_t *bytes, uint32_t size, pb_cobs_sink sink) {
    static const uint8_t delimiter = 0;
    uint32_t start = 0;
    for (;;) {
        uint32_t end = start;
        while (end < size && bytes[end] != 0 && end - start < 254) {
            end++;
        }
        const uint8_t code = (uint8_t)(end - start + 1);
        sink(&code, 1);
        sink(bytes + start, end - start);
        if (code == 255) {
            if (end == size) {
                break;
            }
            start = end; /* a full block stands for no zero */
        } else if (end == size) {
            break;
        } else {
            start = end + 1; /* the zero is in the code byte */
        }
    }
    sink(&delimiter, 1);
}

void pb_cobs_reset(pb_cobs_decoder *decoder) {
    decoder->size = 0;
    decoder->left = 0;
    decoder->zero_due = false;
    decoder->broken = false;
}

static void append(pb_cobs_decoder *decoder, uint8_t byte) {
    if (decoder->size == decoder->capacity) {
        decoder->broken = true;
        return;
    }
    decoder->frame[decoder->size++] = byte;
}

uint32_t pb_cobs_take(pb_cobs_decoder *decoder, uint8_t byte) {
    if (byte == 0) {
        const bool whole = !decoder->broken && decoder->left == 0;
        const uint32_t size = whole ? decoder->size : 0;
        decoder->dropped += whole ? 0 : 1;
        pb_cobs_reset(decoder);
        return size;
    }
    if (decoder->broken) {
        return 0;
    }
    if (decoder->left == 0) { /* a code byte */
        if (decoder->zero_due) {
            append(decoder, 0);
        }
        decoder->left = (uint8_t)(byte - 1);
        decoder->zero_due = byte != 255;
        return 0;
    }
    decoder->left--;
    append(decoder, byte);
    return 0;
}
