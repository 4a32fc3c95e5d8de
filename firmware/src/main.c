/* The application: says who it is, takes PCM clips, answers with what the network makes of them. */
#include "generated_sizes.h"
#include "link.h"
#include "pcm_decode.h"
#include "proofboard/board.h"
#include "proofboard/crc32.h"
#include "proofboard/frontend.h"
#include "proofboard/network.h"
#include "proofboard/protocol.h"
#include "proofboard/stack.h"
#include <stdbool.h>
#include <string.h>

#define BUILD_ID_BYTES 20u
#define CHUNKS ((PB_GENERATED_WINDOW + PB_CHUNK_SAMPLES - 1u) / PB_CHUNK_SAMPLES)
#define DUMP_BYTES 480u
#define CLIP_HEAD 8u /* clip, chunk and flags before the samples */
#define NO_CLIP 0xFFFFFFFFu

_Static_assert(CHUNKS <= PB_MAX_CHUNKS, "one bit a chunk");
/* Order 0 with the full 16 bits a sample is the longest code that a host needs to send. */
#define LONGEST_CODE (1 + (PB_CHUNK_SAMPLES * 16 + PB_CHUNK_SAMPLES / PB_CODE_BLOCK * 5 + 7) / 8)
_Static_assert(1 + CLIP_HEAD + LONGEST_CODE + 4 <= PB_MAX_FRAME, "a chunk fits a frame");
_Static_assert(12 + DUMP_BYTES <= PB_MAX_PAYLOAD, "a dump fits a frame");
_Static_assert(48 + 4 * (PB_MAX_LOGITS + PB_MAX_LAYERS + 1) <= PB_MAX_PAYLOAD, "so does a result");

typedef struct {
    char head[16]; /* sizes, type and name of the note */
    uint8_t id[BUILD_ID_BYTES];
} build_id_note;
extern const build_id_note pb_build_id; /* written by the linker: --build-id=sha1 */

typedef struct {
    uint32_t clip;
    uint32_t class_index;
    uint32_t flags;
    uint32_t pcm_crc;
    uint32_t frontend_ticks;
    uint32_t network_ticks;
    int32_t words[PB_MAX_LOGITS];
    uint32_t layer_crc[PB_MAX_LAYERS + 1]; /* the features' first */
} clip_result;

static int16_t pcm[PB_GENERATED_WINDOW];
static int16_t features[PB_GENERATED_FEATURES];
static uint64_t chunks_received;
static uint32_t clip_in_progress = NO_CLIP;
static clip_result last = {.clip = NO_CLIP};
static pb_frame frame;

static const uint64_t all_chunks = CHUNKS == 64 ? ~(uint64_t)0 : ((uint64_t)1 << (CHUNKS % 64)) - 1;

static void send_hello(uint32_t nonce) {
    const pb_network *network = &pb_generated_network;
    pb_frame_begin(&frame, PB_HELLO);
    pb_frame_u32(&frame, nonce);
    pb_frame_u8(&frame, PB_PROTOCOL_VERSION);
    pb_frame_u8(&frame, (uint8_t)pb_board_counter);
    pb_frame_u8(&frame, network->layers);
    pb_frame_u8(&frame, network->logits);
    pb_frame_u8(&frame, network->logit_kind);
    pb_frame_u8(&frame, (uint8_t)pb_board_lanes);
    pb_frame_u16(&frame, PB_CHUNK_SAMPLES);
    pb_frame_u32(&frame, PB_GENERATED_WINDOW);
    pb_frame_u32(&frame, pb_board_clock_hz);
    pb_frame_bytes(&frame, pb_build_id.id, BUILD_ID_BYTES);
    pb_frame_bytes(&frame, network->model_hash, PB_MODEL_HASH_BYTES);
    pb_frame_bytes(&frame, pb_board_name, (uint32_t)strlen(pb_board_name));
    pb_frame_send(&frame);
}

static void send_status(uint32_t clip) {
    const uint64_t received = clip == clip_in_progress ? chunks_received : 0;
    pb_frame_begin(&frame, PB_STATUS);
    pb_frame_u32(&frame, clip);
    pb_frame_u32(&frame, (uint32_t)received);
    pb_frame_u32(&frame, (uint32_t)(received >> 32));
    pb_frame_u32(&frame, pb_link_bad_frames());
    pb_frame_send(&frame);
}

static void send_result(void) {
    const pb_network *network = &pb_generated_network;
    const bool traced = (last.flags & PB_FLAG_TRACE) != 0;
    pb_frame_begin(&frame, PB_RESULT);
    pb_frame_u32(&frame, last.clip);
    pb_frame_u32(&frame, last.pcm_crc);
    pb_frame_u32(&frame, last.class_index);
    pb_frame_u32(&frame, last.frontend_ticks);
    pb_frame_u32(&frame, last.network_ticks);
    pb_frame_u32(&frame, pb_stack_high_water());
    pb_frame_u32(&frame, pb_link_bad_frames());
    pb_frame_u8(&frame, network->logits);
    pb_frame_u8(&frame, traced ? (uint8_t)(network->layers + 1) : 0);
    for (uint32_t i = 0; i < network->logits; i++) {
        pb_frame_u32(&frame, (uint32_t)last.words[i]);
    }
    for (uint32_t i = 0; traced && i <= network->layers; i++) {
        pb_frame_u32(&frame, last.layer_crc[i]);
    }
    pb_frame_send(&frame);
}

static void note_layer(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    clip_result *result = context;
    result->layer_crc[layer + 1] = pb_crc32(0, values, bytes);
}

static void infer(uint32_t clip, uint32_t flags) {
    last.clip = clip;
    last.flags = flags;
    last.pcm_crc = pb_crc32(0, pcm, sizeof pcm);
    const uint32_t start = pb_board_ticks();
    (void)pb_frontend_run(&pb_generated_frontend, pcm, PB_GENERATED_WINDOW, features,
                          pb_generated_bins);
    const uint32_t middle = pb_board_ticks();
    last.class_index = pb_generated_network_run(features, last.words, NULL, NULL);
    const uint32_t end = pb_board_ticks();
    last.frontend_ticks = pb_board_ticks_between(start, middle);
    last.network_ticks = pb_board_ticks_between(middle, end);
    if ((flags & PB_FLAG_TRACE) != 0) { /* a second run, so that the CRCs cost no measured time */
        last.layer_crc[0] = pb_crc32(0, features, sizeof features);
        (void)pb_generated_network_run(features, last.words, note_layer, &last);
    }
}

static void take_chunk(const uint8_t *payload, uint32_t size) {
    const uint32_t clip = pb_read_u32(payload);
    const uint32_t chunk = pb_read_u16(payload + 4);
    const uint32_t flags = pb_read_u16(payload + 6);
    if (chunk >= CHUNKS || clip == NO_CLIP) {
        return;
    }
    if (clip == last.clip) { /* a late copy: the answer was lost, not the clip */
        send_result();
        return;
    }
    if (clip != clip_in_progress) {
        clip_in_progress = clip;
        chunks_received = 0;
    }
    const uint64_t bit = (uint64_t)1 << chunk;
    const uint32_t first = chunk * PB_CHUNK_SAMPLES;
    const uint32_t left = PB_GENERATED_WINDOW - first;
    const uint32_t samples = left < PB_CHUNK_SAMPLES ? left : PB_CHUNK_SAMPLES;
    if (!pb_pcm_decode(payload + CLIP_HEAD, size - CLIP_HEAD, pcm + first, samples)) {
        chunks_received &= ~bit; /* what it held before is spoilt */
        return;
    }
    chunks_received |= bit;
    if (chunks_received == all_chunks) {
        infer(clip, flags);
        clip_in_progress = NO_CLIP;
        send_result();
    }
}

typedef struct {
    uint32_t clip;
    uint32_t layer;
} dump_request;

static void dump_values(uint32_t clip, uint32_t layer, const uint8_t *values, uint32_t bytes) {
    for (uint32_t offset = 0; offset < bytes; offset += DUMP_BYTES) {
        const uint32_t count = bytes - offset < DUMP_BYTES ? bytes - offset : DUMP_BYTES;
        pb_frame_begin(&frame, PB_DUMP);
        pb_frame_u32(&frame, clip);
        pb_frame_u16(&frame, (uint16_t)layer);
        pb_frame_u16(&frame, (uint16_t)bytes);
        pb_frame_u32(&frame, offset);
        pb_frame_bytes(&frame, values + offset, count);
        pb_frame_send(&frame);
    }
}

static void dump_layer(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    const dump_request *request = context;
    if (layer + 1 == request->layer) {
        dump_values(request->clip, request->layer, values, bytes);
    }
}

/* Layer 0 is the features, k the output of the k-th operator, of the last clip. */
static void dump(dump_request request) {
    int32_t words[PB_MAX_LOGITS];
    if (request.clip != last.clip || request.clip == NO_CLIP) {
        send_status(request.clip);
    } else if (request.layer == 0) {
        dump_values(request.clip, 0, (const uint8_t *)features, sizeof features);
    } else {
        (void)pb_generated_network_run(features, words, dump_layer, &request);
    }
}

static void take_message(uint8_t type, const uint8_t *payload, uint32_t size) {
    if (type == PB_HELLO_REQUEST && size == 4) {
        send_hello(pb_read_u32(payload));
    } else if (type == PB_CLIP_CHUNK && size > CLIP_HEAD) {
        take_chunk(payload, size);
    } else if (type == PB_STATUS_REQUEST && size == 4) {
        const uint32_t clip = pb_read_u32(payload);
        if (clip == last.clip && clip != NO_CLIP) {
            send_result();
        } else {
            send_status(clip);
        }
    } else if (type == PB_DUMP_REQUEST && size == 8) {
        dump((dump_request){pb_read_u32(payload), pb_read_u32(payload + 4)});
    }
}

int main(void) {
    pb_board_start();
    pb_link_start();
    for (;;) {
        pb_link_poll(take_message);
    }
}
