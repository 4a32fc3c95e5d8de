/* One session with a host: clips in, one after the other, and the last few results. */
#ifndef PROOFBOARD_SESSION_H
#define PROOFBOARD_SESSION_H

#include "proofboard/network.h"
#include "proofboard/protocol.h"
#include <stdbool.h>
#include <stdint.h>

#define PB_CHUNK_WORDS (PB_MAX_CHUNKS / 32u)

typedef struct {
    uint32_t class_index;
    uint32_t flags;
    uint32_t pcm_crc;
    uint32_t frontend_ticks;
    uint32_t network_ticks;
    int32_t words[PB_MAX_LOGITS];
    uint32_t layer_crc[PB_MAX_LAYERS + 1]; /* the features' first */
} pb_clip_result;

typedef struct {
    uint32_t id;                        /* the host's, 0 before any */
    uint32_t packet;                    /* the last one taken */
    uint32_t clip;                      /* in progress: the number of clips inferred */
    uint32_t received[PB_CHUNK_WORDS];  /* a bit for each chunk of it */
    pb_clip_result results[PB_RESULTS]; /* of clip n at n % PB_RESULTS */
} pb_session;

/* What became of a chunk. */
typedef enum {
    PB_CHUNK_TAKEN,    /* or held already, or not one of this clip */
    PB_CHUNK_UNTIMELY, /* of a clip whose turn has not come, or spoilt: it must be sent again */
    PB_CHUNK_LAST      /* the clip is whole and inferred */
} pb_chunk_fate;

/* Forget everything and belong to `id`. */
void pb_session_start(pb_session *session, uint32_t id);

/* `code` is the chunk's PCM, see pcm_decode.h. */
pb_chunk_fate pb_session_chunk(pb_session *session, uint32_t clip, uint32_t chunk, uint32_t flags,
                               const uint8_t *code, uint32_t size);

/* The result of a clip, or null where it is not held. */
const pb_clip_result *pb_session_result(const pb_session *session, uint32_t clip);

/* Features of the last clip inferred, int16 [PB_GENERATED_FEATURES]. */
const int16_t *pb_session_features(void);

#endif
