#include "session.h"
#include "generated_sizes.h"
#include "pcm_decode.h"
#include "proofboard/board.h"
#include "proofboard/crc32.h"
#include "proofboard/frontend.h"
#include <stddef.h>
#include <string.h>

#define CHUNKS ((PB_GENERATED_WINDOW + PB_CHUNK_SAMPLES - 1u) / PB_CHUNK_SAMPLES)
_Static_assert(CHUNKS <= PB_MAX_CHUNKS, "one bit a chunk");

/* The front end has done with the sound before the next clip's first chunk is taken: one buffer is
 * enough. What comes while front end and network run waits in the board's receive buffer. */
static int16_t pcm[PB_GENERATED_WINDOW];
static int16_t features[PB_GENERATED_FEATURES];

const int16_t *pb_session_features(void) {
    return features;
}

void pb_session_start(pb_session *session, uint32_t id) {
    memset(session, 0, sizeof *session);
    session->id = id;
}

const pb_clip_result *pb_session_result(const pb_session *session, uint32_t clip) {
    const bool held = clip < session->clip && session->clip - clip <= PB_RESULTS;
    return held ? &session->results[clip % PB_RESULTS] : NULL;
}

static void note_layer(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    pb_clip_result *result = context;
    result->layer_crc[layer + 1] = pb_crc32(0, values, bytes);
}

static void infer(pb_clip_result *result, uint32_t flags) {
    result->flags = flags;
    result->pcm_crc = pb_crc32(0, pcm, sizeof pcm);
    const uint32_t start = pb_board_ticks();
    (void)pb_frontend_run(&pb_generated_frontend, pcm, PB_GENERATED_WINDOW, features,
                          pb_generated_bins);
    const uint32_t middle = pb_board_ticks();
    result->class_index = pb_generated_network_run(features, result->words, NULL, NULL);
    const uint32_t end = pb_board_ticks();
    result->frontend_ticks = pb_board_ticks_between(start, middle);
    result->network_ticks = pb_board_ticks_between(middle, end);
    if ((flags & PB_FLAG_TRACE) != 0) { /* a second run, so that the CRCs cost no measured time */
        result->layer_crc[0] = pb_crc32(0, features, sizeof features);
        (void)pb_generated_network_run(features, result->words, note_layer, result);
    }
}

static bool is_whole(const pb_session *session) {
    for (uint32_t chunk = 0; chunk < CHUNKS; chunk++) {
        if ((session->received[chunk / 32u] >> (chunk % 32u) & 1u) == 0) {
            return false;
        }
    }
    return true;
}

pb_chunk_fate pb_session_chunk(pb_session *session, uint32_t clip, uint32_t chunk, uint32_t flags,
                               const uint8_t *code, uint32_t size) {
    if (clip != session->clip) {
        return clip < session->clip ? PB_CHUNK_TAKEN : PB_CHUNK_UNTIMELY;
    }
    if (chunk >= CHUNKS) {
        return PB_CHUNK_TAKEN;
    }
    uint32_t *word = &session->received[chunk / 32u];
    const uint32_t bit = (uint32_t)1 << (chunk % 32u);
    if ((*word & bit) != 0) {
        return PB_CHUNK_TAKEN;
    }
    const uint32_t first = chunk * PB_CHUNK_SAMPLES;
    const uint32_t left = PB_GENERATED_WINDOW - first;
    const uint32_t samples = left < PB_CHUNK_SAMPLES ? left : PB_CHUNK_SAMPLES;
    if (!pb_pcm_decode(code, size, pcm + first, samples)) {
        return PB_CHUNK_UNTIMELY;
    }
    *word |= bit;
    if (!is_whole(session)) {
        return PB_CHUNK_TAKEN;
    }
    infer(&session->results[clip % PB_RESULTS], flags);
    session->clip++;
    memset(session->received, 0, sizeof session->received);
    return PB_CHUNK_LAST;
}
