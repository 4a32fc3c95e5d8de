/* The application: says who it is, takes PCM clips, answers with what the network makes of them. */
#include "generated_sizes.h"
#include "link.h"
#include "pcm_decode.h"
#include "proofboard/board.h"
#include "proofboard/stack.h"
#include "session.h"
#include <stddef.h>
#include <string.h>

#define BUILD_ID_BYTES 20u
#define DUMP_BYTES 480u
#define CHUNK_HEAD 14u /* session, packet, clip, chunk and flags before the code */

/* The full 16 bits a sample is the longest code that a host needs to send. */
#define LONGEST_CODE (1 + PB_CHUNK_SAMPLES * 2)
_Static_assert(1 + CHUNK_HEAD + LONGEST_CODE + 4 <= PB_MAX_FRAME, "a chunk fits a frame");
_Static_assert(16 + DUMP_BYTES <= PB_MAX_PAYLOAD, "a dump fits a frame");
_Static_assert(48 + 4 * (PB_MAX_LOGITS + PB_MAX_LAYERS + 1) <= PB_MAX_PAYLOAD, "so does a result");

typedef struct {
    char head[16]; /* sizes, type and name of the note */
    uint8_t id[BUILD_ID_BYTES];
} build_id_note;
extern const build_id_note pb_build_id; /* written by the linker: --build-id=sha1 */

static pb_session session;
static pb_frame frame;
static uint32_t unanswered; /* chunks taken since the last ACK */

static void begin(uint8_t type) {
    pb_frame_begin(&frame, type);
    pb_frame_u32(&frame, session.id);
}

static void send_hello(void) {
    const pb_network *network = &pb_generated_network;
    begin(PB_HELLO);
    pb_frame_u8(&frame, PB_PROTOCOL_VERSION);
    pb_frame_u8(&frame, (uint8_t)pb_board_counter);
    pb_frame_u8(&frame, network->layers);
    pb_frame_u8(&frame, network->logits);
    pb_frame_u8(&frame, network->logit_kind);
    pb_frame_u8(&frame, PB_RESULTS);
    pb_frame_u16(&frame, PB_CHUNK_SAMPLES);
    pb_frame_u32(&frame, PB_GENERATED_WINDOW);
    pb_frame_u32(&frame, pb_board_clock_hz);
    pb_frame_u32(&frame, pb_link_credit());
    pb_frame_bytes(&frame, pb_build_id.id, BUILD_ID_BYTES);
    pb_frame_bytes(&frame, network->model_hash, PB_MODEL_HASH_BYTES);
    /* With its zero, behind which the chip's identity stands. */
    pb_frame_bytes(&frame, pb_board_name, (uint32_t)strlen(pb_board_name) + 1u);
    const char *chip = pb_board_identity();
    pb_frame_bytes(&frame, chip, (uint32_t)strlen(chip));
    pb_frame_send(&frame);
}

static void send_ack(void) {
    begin(PB_ACK);
    pb_frame_u32(&frame, session.packet);
    pb_frame_u32(&frame, session.packet + pb_link_credit());
    pb_frame_u32(&frame, session.clip);
    for (uint32_t i = 0; i < PB_CHUNK_WORDS; i++) {
        pb_frame_u32(&frame, session.received[i]);
    }
    pb_frame_u32(&frame, pb_link_bad_frames());
    pb_frame_send(&frame);
    unanswered = 0;
}

static void send_result(uint32_t clip, const pb_clip_result *result) {
    const pb_network *network = &pb_generated_network;
    const bool traced = (result->flags & PB_FLAG_TRACE) != 0;
    begin(PB_RESULT);
    pb_frame_u32(&frame, clip);
    pb_frame_u32(&frame, result->pcm_crc);
    pb_frame_u32(&frame, result->class_index);
    pb_frame_u32(&frame, result->frontend_ticks);
    pb_frame_u32(&frame, result->network_ticks);
    pb_frame_u32(&frame, pb_stack_high_water());
    pb_frame_u32(&frame, pb_link_bad_frames());
    pb_frame_u8(&frame, network->logits);
    pb_frame_u8(&frame, traced ? (uint8_t)(network->layers + 1) : 0);
    for (uint32_t i = 0; i < network->logits; i++) {
        pb_frame_u32(&frame, (uint32_t)result->words[i]);
    }
    for (uint32_t i = 0; traced && i <= network->layers; i++) {
        pb_frame_u32(&frame, result->layer_crc[i]);
    }
    pb_frame_send(&frame);
}

/* Streams keep their order: a number left out was lost. One far ahead is no host's, and would use
 * up the numbers. */
static bool take_packet(uint32_t packet) {
    const uint32_t ahead = packet > session.packet ? packet - session.packet : 0;
    session.packet += ahead <= PB_MAX_LEAP ? ahead : 0;
    return ahead > 1;
}

static void take_chunk(const uint8_t *payload, uint32_t size) {
    const bool gap = take_packet(pb_read_u32(payload));
    const uint32_t clip = pb_read_u32(payload + 4);
    const pb_chunk_fate fate =
        pb_session_chunk(&session, clip, payload[8], payload[9], payload + 10, size - 10);
    if (fate == PB_CHUNK_LAST) {
        send_result(clip, pb_session_result(&session, clip));
    }
    unanswered++;
    if (gap || fate == PB_CHUNK_LAST || 2 * unanswered >= pb_link_credit()) {
        send_ack();
    }
}

static void take_poll(uint32_t packet, uint32_t clip) {
    (void)take_packet(packet);
    for (uint32_t held = session.clip < PB_RESULTS ? 0 : session.clip - PB_RESULTS;
         held < session.clip; held++) {
        if (held >= clip) {
            send_result(held, pb_session_result(&session, held));
        }
    }
    send_ack();
}

typedef struct {
    uint32_t clip;
    uint32_t layer;
} dump_request;

static void dump_values(dump_request request, const uint8_t *values, uint32_t bytes) {
    for (uint32_t offset = 0; offset < bytes; offset += DUMP_BYTES) {
        const uint32_t count = bytes - offset < DUMP_BYTES ? bytes - offset : DUMP_BYTES;
        begin(PB_DUMP);
        pb_frame_u32(&frame, request.clip);
        pb_frame_u16(&frame, (uint16_t)request.layer);
        pb_frame_u16(&frame, (uint16_t)bytes);
        pb_frame_u32(&frame, offset);
        pb_frame_bytes(&frame, values + offset, count);
        pb_frame_send(&frame);
    }
}

static void dump_layer(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    const dump_request *request = context;
    if (layer + 1 == request->layer) {
        dump_values(*request, values, bytes);
    }
}

/* Layer 0 is the features, k the output of the k-th operator, of the last clip. */
static void dump(dump_request request) {
    int32_t words[PB_MAX_LOGITS];
    if (session.clip == 0 || request.clip != session.clip - 1) {
        send_ack();
    } else if (request.layer == 0) {
        dump_values(request, (const uint8_t *)pb_session_features(),
                    PB_GENERATED_FEATURES * sizeof(int16_t));
    } else {
        (void)pb_generated_network_run(pb_session_features(), words, dump_layer, &request);
    }
}

static void set_baud(uint32_t baud) {
    const uint32_t taken = pb_link_can_set_baud(baud) ? baud : 0;
    begin(PB_BAUD);
    pb_frame_u32(&frame, taken);
    pb_frame_send(&frame);
    if (taken != 0) {
        pb_link_set_baud(baud);
    }
}

static void echo(const uint8_t *bytes, uint32_t size) {
    begin(PB_ECHO);
    pb_frame_bytes(&frame, bytes, size);
    pb_frame_send(&frame);
}

/* Payloads of this session, behind its number. */
static void take_session_message(uint8_t type, const uint8_t *payload, uint32_t size) {
    if (type == PB_CLIP_CHUNK && size > CHUNK_HEAD - 4) {
        take_chunk(payload, size);
    } else if (type == PB_POLL && size == 8) {
        take_poll(pb_read_u32(payload), pb_read_u32(payload + 4));
    } else if (type == PB_DUMP_REQUEST && size == 8) {
        dump((dump_request){pb_read_u32(payload), pb_read_u32(payload + 4)});
    } else if (type == PB_BAUD_REQUEST && size == 4) {
        set_baud(pb_read_u32(payload));
    } else if (type == PB_ECHO_REQUEST) {
        echo(payload, size);
    }
}

static void take_message(uint8_t type, const uint8_t *payload, uint32_t size) {
    if (size < 4) {
        return;
    }
    const uint32_t id = pb_read_u32(payload);
    if (type == PB_HELLO_REQUEST) {
        if (size == 4 && id != 0) {
            if (id != session.id) {
                pb_session_start(&session, id);
                unanswered = 0;
            }
            send_hello();
        }
    } else if (id != session.id || id == 0) {
        send_ack(); /* its session tells the host that there was a reset */
    } else {
        take_session_message(type, payload + 4, size - 4);
    }
}

int main(void) {
    pb_board_start();
    pb_link_start();
    send_hello(); /* of session 0: a host that has one learns that the target was reset */
    for (;;) {
        pb_link_poll(take_message);
    }
}
