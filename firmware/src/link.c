#include "link.h"
#include "proofboard/board.h"
#include "proofboard/cobs.h"
#include "proofboard/crc32.h"
#include "proofboard/protocol.h"

#define MAX_LANES 4u

static uint8_t frames[MAX_LANES][PB_MAX_FRAME];
static pb_cobs_decoder decoders[MAX_LANES];
static uint32_t wrong_crcs;

static uint32_t lanes(void) {
    return pb_board_lanes < MAX_LANES ? pb_board_lanes : MAX_LANES;
}

void pb_link_start(void) {
    wrong_crcs = 0;
    for (uint32_t lane = 0; lane < lanes(); lane++) {
        decoders[lane].frame = frames[lane];
        decoders[lane].capacity = PB_MAX_FRAME;
        decoders[lane].dropped = 0;
        pb_cobs_reset(&decoders[lane]);
    }
}

static void take_frame(const uint8_t *frame, uint32_t size, pb_frame_handler handle) {
    if (size < 1 + 4 || pb_crc32(0, frame, size - 4) != pb_read_u32(frame + size - 4)) {
        wrong_crcs++;
        return;
    }
    handle(frame[0], frame + 1, size - 1 - 4);
}

void pb_link_poll(pb_frame_handler handle) {
    uint8_t bytes[16];
    for (uint32_t lane = 0; lane < lanes(); lane++) {
        const uint32_t count = pb_board_receive(lane, bytes, sizeof bytes);
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t size = pb_cobs_take(&decoders[lane], bytes[i]);
            if (size > 0) {
                take_frame(decoders[lane].frame, size, handle);
            }
        }
    }
}

uint32_t pb_link_bad_frames(void) {
    uint32_t bad_frames = wrong_crcs;
    for (uint32_t lane = 0; lane < lanes(); lane++) {
        bad_frames += decoders[lane].dropped;
    }
    return bad_frames;
}
