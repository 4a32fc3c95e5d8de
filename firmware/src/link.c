#include "link.h"
#include "proofboard/board.h"
#include "proofboard/cobs.h"
#include "proofboard/crc32.h"
#include "proofboard/protocol.h"
#include "rtt.h"
#include <stdbool.h>

#define MAX_SERIAL 4u
#define WIRE_FRAME (PB_MAX_FRAME + PB_MAX_FRAME / 254u + 4u) /* stuffed, with both delimiters */
#define SERIAL_CREDIT 6u /* more would only lengthen the way to a repeated frame */
#define PROBE_CREDIT 24u /* the ring is never overrun: the probe sees how much room there is */
#define NOISE_BYTES 4096u

/* One decoder for each serial port, the last one in use for the probe. */
static uint8_t frames[MAX_SERIAL + 1u][PB_MAX_FRAME];
static pb_cobs_decoder decoders[MAX_SERIAL + 1u];
static uint32_t wrong_crcs;
static uint32_t noise; /* bytes of the serial port since its last whole frame */
static bool rate_changed;
static bool greeted; /* a host has spoken, on `answer_lane` */
static uint32_t answer_lane;

/* What a board need not give. */
__attribute__((weak)) uint32_t pb_board_receive_buffer(void) {
    return WIRE_FRAME;
}

__attribute__((weak)) uint32_t pb_board_has_baud(uint32_t baud) {
    (void)baud;
    return 0;
}

__attribute__((weak)) void pb_board_set_baud(uint32_t baud) {
    (void)baud;
}

static uint32_t probe_lane(void) {
    return pb_board_lanes < MAX_SERIAL ? pb_board_lanes : MAX_SERIAL;
}

void pb_link_start(void) {
    pb_rtt_start();
    wrong_crcs = 0;
    greeted = false;
    for (uint32_t lane = 0; lane <= probe_lane(); lane++) {
        decoders[lane].frame = frames[lane];
        decoders[lane].capacity = PB_MAX_FRAME;
        decoders[lane].dropped = 0;
        pb_cobs_reset(&decoders[lane]);
    }
}

static void take_frame(uint32_t lane, uint32_t size, pb_frame_handler handle) {
    const uint8_t *frame = frames[lane];
    if (size < 1 + 4 || pb_crc32(0, frame, size - 4) != pb_read_u32(frame + size - 4)) {
        wrong_crcs++;
        return;
    }
    noise = lane == probe_lane() ? noise : 0;
    greeted = true;
    answer_lane = lane;
    handle(frame[0], frame + 1, size - 1 - 4);
}

static void watch_noise(uint32_t count) {
    noise += count;
    if (rate_changed && noise > NOISE_BYTES) { /* the host has gone back, or is another one */
        rate_changed = false;
        noise = 0;
        pb_board_set_baud(0);
    }
}

void pb_link_poll(pb_frame_handler handle) {
    uint8_t bytes[64];
    for (uint32_t lane = 0; lane <= probe_lane(); lane++) {
        const bool serial = lane < probe_lane();
        const uint32_t count = serial ? pb_board_receive(lane, bytes, sizeof bytes)
                                      : pb_rtt_receive(bytes, sizeof bytes);
        watch_noise(serial ? count : 0);
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t size = pb_cobs_take(&decoders[lane], bytes[i]);
            if (size > 0) {
                take_frame(lane, size, handle);
            }
        }
    }
}

uint32_t pb_link_bad_frames(void) {
    uint32_t bad_frames = wrong_crcs;
    for (uint32_t lane = 0; lane <= probe_lane(); lane++) {
        bad_frames += decoders[lane].dropped;
    }
    return bad_frames;
}

uint32_t pb_link_credit(void) {
    if (answer_lane == probe_lane()) {
        return PROBE_CREDIT;
    }
    const uint32_t held = pb_board_receive_buffer() / WIRE_FRAME;
    return held < 1 ? 1 : (held < SERIAL_CREDIT ? held : SERIAL_CREDIT);
}

void pb_link_send(const uint8_t *bytes, uint32_t size) {
    if (!greeted || answer_lane == probe_lane()) {
        pb_rtt_send(bytes, size);
    }
    if (!greeted || answer_lane != probe_lane()) {
        pb_board_send(bytes, size);
    }
}

uint32_t pb_link_can_set_baud(uint32_t baud) {
    return answer_lane != probe_lane() && pb_board_has_baud(baud);
}

void pb_link_set_baud(uint32_t baud) {
    rate_changed = true;
    noise = 0;
    pb_board_set_baud(baud);
}
