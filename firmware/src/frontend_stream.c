/* The streaming form: samples collect to frames, the frames' features in a ring. */
#include "proofboard/frontend_stream.h"

static inline uint32_t word_at(const int16_t *samples) {
    uint32_t word;
    __builtin_memcpy(&word, samples, sizeof word);
    return word;
}

static inline void put_word(int16_t *samples, uint32_t word) {
    __builtin_memcpy(samples, &word, sizeof word);
}

/* Word by word, since the C library of small images copies byte by byte. `to` may lie below `from`
 * in the same array: every load of a round is before its stores. */
__attribute__((noinline)) static void copy(int16_t *to, const int16_t *from, uint32_t count) {
    for (const int16_t *end = from + (count & ~7u); from != end; to += 8, from += 8) {
        const uint32_t a = word_at(from), b = word_at(from + 2);
        const uint32_t c = word_at(from + 4), d = word_at(from + 6);
        put_word(to, a);
        put_word(to + 2, b);
        put_word(to + 4, c);
        put_word(to + 6, d);
    }
    for (count &= 7u; count > 0u; count--) {
        *to++ = *from++;
    }
}

static uint32_t at_most(uint32_t value, uint32_t limit) {
    return value < limit ? value : limit;
}

static void compute_frame(pb_frontend_stream *stream) {
    const pb_frontend *frontend = stream->frontend;
    int16_t *row = stream->rows + stream->next * frontend->mel_bands;
    pb_frontend_frame(frontend, stream->pcm, row, stream->bins);
    stream->next = stream->next + 1u < stream->frames ? stream->next + 1u : 0u;
    stream->filled = at_most(stream->filled + 1u, stream->frames);
    const uint32_t dropped = at_most(frontend->hop, frontend->frame);
    stream->held = frontend->frame - dropped;
    stream->gap = frontend->hop - dropped;
    copy(stream->pcm, stream->pcm + dropped, stream->held);
}

void pb_frontend_stream_start(pb_frontend_stream *stream) {
    stream->held = 0;
    stream->gap = stream->frontend->skip;
    stream->next = 0;
    stream->filled = 0;
}

int pb_frontend_stream_take(pb_frontend_stream *stream, const int16_t **samples, uint32_t *count) {
    const uint32_t ignored = at_most(stream->gap, *count);
    const uint32_t taken = at_most(stream->frontend->frame - stream->held, *count - ignored);
    stream->gap -= ignored;
    copy(stream->pcm + stream->held, *samples + ignored, taken);
    stream->held += taken;
    *samples += ignored + taken;
    *count -= ignored + taken;
    if (stream->held < stream->frontend->frame) {
        return 0;
    }
    compute_frame(stream);
    return 1;
}

int pb_frontend_stream_window(const pb_frontend_stream *stream, int16_t *features) {
    if (stream->filled < stream->frames) {
        return 0;
    }
    const uint32_t bands = stream->frontend->mel_bands;
    const uint32_t oldest = stream->next * bands, all = stream->frames * bands;
    copy(features, stream->rows + oldest, all - oldest);
    copy(features + (all - oldest), stream->rows, oldest);
    return 1;
}
