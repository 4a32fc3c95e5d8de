/* The firmware's receiver under bytes of any kind: its own main.c, session.c, link.c and rtt.c, as
 * they are, on a board of two serial lanes and a probe that this file plays. Every answer is
 * compared with what `wire_model` says; the sanitisers watch the rest.
 *
 * Entry point of libFuzzer; replay.c calls it on files. */
#define main firmware_main
#include "main.c"
#undef main
#include "link.c"
#include "rtt.c"
#include "session.c"

#include "wire_items.h"
#include "wire_steps.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST_ANSWER (1u + PB_MAX_PAYLOAD + 4u)

const uint32_t pb_board_lanes = 2;
const pb_counter_kind pb_board_counter = PB_COUNTER_DWT;
const uint32_t pb_board_clock_hz = 1000000u;
const char pb_board_name[] = "fuzz";
const build_id_note pb_build_id = {.id = {0xAB}};

static wire_model model;
static wire_source source;
static wire_item item;
static uint32_t item_at;
static jmp_buf input_ended;
static bool comparing; /* false once the probe's rings were meddled with: no telling what is read */
static uint32_t ticks;
static uint32_t inference_ticks; /* since the last frame went in: 3 for an inference */
static uint8_t answer[2u * LONGEST_ANSWER];
static uint32_t answered;
static uint8_t results[PB_RESULTS][LONGEST_ANSWER]; /* of clip n at n % PB_RESULTS, as first sent */
static uint32_t result_of[PB_RESULTS];              /* the clip after it; 0 for none */
static uint32_t results_session;                    /* counted by the model */

#define REQUIRE(condition) require((condition), #condition, __LINE__)

static void require(bool holds, const char *what, int line) {
    if (!holds) {
        (void)fprintf(stderr, "target_fuzzer.c:%d: broken: %s\n", line, what);
        abort();
    }
}

void pb_board_start(void) {
}

const char *pb_board_identity(void) {
    return "";
}

uint32_t pb_board_ticks(void) {
    inference_ticks++;
    return ticks += 1000;
}

uint32_t pb_board_ticks_between(uint32_t since, uint32_t until) {
    return until - since;
}

uint32_t pb_stack_high_water(void) {
    return 321;
}

/* An answer's numbers against the model's. */
static void check_result(const uint8_t *payload, uint32_t size) {
    const uint32_t clip = pb_read_u32(payload + 4);
    REQUIRE(model_holds(&model, clip));
    REQUIRE(pb_read_u32(payload + 8) == model.pcm_crc[clip % MODEL_RESULTS]);
    REQUIRE(pb_read_u32(payload + 12) < pb_generated_network.logits);
    REQUIRE(size == 34u + 4u * payload[32] + 4u * payload[33]);
    REQUIRE(payload[32] == pb_generated_network.logits);
    REQUIRE(payload[33] == 0 || payload[33] == pb_generated_network.layers + 1u);
    /* Sent again it says the same; stack and bad frames, from 24 to 32, may have grown. */
    if (results_session != model.sessions) {
        results_session = model.sessions;
        memset(result_of, 0, sizeof result_of);
    }
    uint8_t *first = results[clip % PB_RESULTS];
    if (result_of[clip % PB_RESULTS] != clip + 1u) {
        result_of[clip % PB_RESULTS] = clip + 1u;
        memcpy(first, payload, size);
    }
    REQUIRE(memcmp(first, payload, 24) == 0 && memcmp(first + 32, payload + 32, size - 32u) == 0);
}

static void check_ack(const uint8_t *payload, uint32_t size) {
    REQUIRE(size == 36u);
    REQUIRE(pb_read_u32(payload + 4) == model.packet);
    REQUIRE(pb_read_u32(payload + 8) - model.packet - 1u < PROBE_CREDIT);
    REQUIRE(pb_read_u32(payload + 12) == model.clip);
    for (uint32_t i = 0; i < MODEL_WORDS; i++) {
        REQUIRE(pb_read_u32(payload + 16u + 4u * i) == model.received[i]);
    }
    REQUIRE(pb_read_u32(payload + 32) == model.bad_frames);
}

static void check_dump(const uint8_t *payload, uint32_t size) {
    REQUIRE(model.clip > 0 && pb_read_u32(payload + 4) == model.clip - 1u);
    REQUIRE(pb_read_u16(payload + 8) <= pb_generated_network.layers);
    REQUIRE(pb_read_u32(payload + 12) % DUMP_BYTES == 0);
    REQUIRE(size > 16u && pb_read_u32(payload + 12) + size - 16u <= pb_read_u16(payload + 10));
}

static void check_answer(const uint8_t *frame, uint32_t size) {
    REQUIRE(size >= 1u + 4u + 4u && pb_read_u32(frame + size - 4u) == model_crc(frame, size - 4u));
    const uint8_t *payload = frame + 1;
    const uint32_t length = size - 1u - 4u;
    if (!comparing) {
        return;
    }
    REQUIRE(pb_read_u32(payload) == model.session);
    const uint32_t asked = model.last_type;
    switch (frame[0]) {
    case PB_HELLO:
        REQUIRE(asked == PB_HELLO_REQUEST || model.sessions == 0);
        REQUIRE(length >= 24u + 20u + 16u + 4u && length <= 24u + 20u + 16u + 5u);
        break;
    case PB_ACK:
        REQUIRE(asked != MODEL_NO_FRAME);
        check_ack(payload, length);
        break;
    case PB_RESULT:
        REQUIRE(asked == PB_CLIP_CHUNK || asked == PB_POLL);
        check_result(payload, length);
        break;
    case PB_DUMP:
        REQUIRE(asked == PB_DUMP_REQUEST);
        check_dump(payload, length);
        break;
    case PB_ECHO:
        REQUIRE(asked == PB_ECHO_REQUEST);
        break;
    default:
        REQUIRE(frame[0] == PB_BAUD && asked == PB_BAUD_REQUEST && length == 8u);
    }
}

/* Serial 0 carries whole frames, whatever comes in; the probe's ring drops bytes when it is full.
 */
void pb_board_send(const uint8_t *bytes, uint32_t size) {
    steps_pause();
    for (uint32_t i = 0; i < size; i++) {
        if (bytes[i] != 0) {
            REQUIRE(answered < sizeof answer);
            answer[answered++] = bytes[i];
            continue;
        }
        uint8_t frame[LONGEST_ANSWER];
        const int32_t length = model_unstuff(answer, answered, frame, sizeof frame);
        answered = 0;
        REQUIRE(length >= 0);
        if (length > 0) {
            check_answer(frame, (uint32_t)length);
        }
    }
    steps_resume();
}

/* What the firmware gets now: up to the end of a frame, so that the model is never ahead. */
static uint32_t next_bytes(uint8_t *bytes, uint32_t capacity) {
    uint32_t count = 0;
    while (count < capacity && item_at < item.size) {
        bytes[count] = item.bytes[item_at++];
        model_take(&model, item.lane, bytes[count]);
        if (bytes[count++] == 0) {
            break;
        }
    }
    return count;
}

/* The probe's end of the rings: what came up is thrown away, some bytes go down. */
static void play_probe(void) {
    _SEGGER_RTT.up.read = _SEGGER_RTT.up.write;
    if (item.moves_ring) {
        comparing = false;
        _SEGGER_RTT.down.write = item.ring_write;
        _SEGGER_RTT.down.read = item.ring_read;
        item.moves_ring = false;
    }
    if (!comparing && _SEGGER_RTT.down.write >= PB_RTT_DOWN_BYTES && item_at < item.size) {
        _SEGGER_RTT.down.write = _SEGGER_RTT.down.read; /* else nothing would go on */
    }
    if (item.lane == 2u && _SEGGER_RTT.down.read == _SEGGER_RTT.down.write) {
        uint8_t bytes[64];
        const uint32_t count = next_bytes(bytes, sizeof bytes);
        uint32_t at = _SEGGER_RTT.down.write % PB_RTT_DOWN_BYTES;
        for (uint32_t i = 0; i < count; i++) {
            down_bytes[at] = bytes[i];
            at = (at + 1u) % PB_RTT_DOWN_BYTES;
        }
        _SEGGER_RTT.down.write = at;
    }
}

uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    steps_pause();
    REQUIRE(lane < pb_board_lanes);
    if (lane == 0) { /* a round of all lanes, in which one frame came at most */
        REQUIRE(inference_ticks <= 3u);
        steps_check(inference_ticks > 0 || model.last_type == PB_DUMP_REQUEST);
        inference_ticks = 0;
        model.last_type = MODEL_NO_FRAME;
        const bool probe_busy = _SEGGER_RTT.down.read != _SEGGER_RTT.down.write;
        if (item_at == item.size && !item.moves_ring && !(comparing && probe_busy)) {
            item_at = 0;
            if (!wire_next(&source, &model, &item)) {
                longjmp(input_ended, 1);
            }
        }
        play_probe();
    }
    const uint32_t count = item.lane == lane ? next_bytes(bytes, capacity) : 0;
    steps_resume();
    return count;
}

/* All that the firmware keeps between frames, as after a reset. */
static void reset_firmware(void) {
    memset(&session, 0, sizeof session);
    memset(&frame, 0, sizeof frame);
    memset(&_SEGGER_RTT, 0, sizeof _SEGGER_RTT);
    memset(pcm, 0, sizeof pcm);
    memset(features, 0, sizeof features);
    unanswered = 0;
    noise = 0;
    rate_changed = false;
    answer_lane = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    reset_firmware();
    model_start(&model);
    memset(&item, 0, sizeof item);
    memset(result_of, 0, sizeof result_of);
    results_session = 0;
    source = (wire_source){data, data + size, 0};
    item_at = answered = ticks = inference_ticks = 0;
    comparing = true;
    steps_start();
    if (setjmp(input_ended) == 0) {
        (void)firmware_main();
    }
    return 0;
}
