/* The firmware's link over standard input and output. In: lane:u8, count:u8, bytes. Each frame that
 * the link takes is sent back with its type and payload; at the end the count of bad frames goes to
 * standard error. */
#include "link.h"
#include "proofboard/board.h"
#include <stdbool.h>
#include <stdio.h>

const uint32_t pb_board_lanes = 4;

static uint8_t waiting[256];
static uint32_t waiting_lane, waiting_size, waiting_taken;

static bool fetch(void) {
    const int lane = getchar();
    const int size = getchar();
    if (size == EOF) {
        return false;
    }
    waiting_lane = (uint32_t)lane % pb_board_lanes;
    waiting_taken = 0;
    waiting_size = (uint32_t)fread(waiting, 1, (size_t)size, stdin);
    return true;
}

uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    uint32_t count = 0;
    while (lane == waiting_lane && count < capacity && waiting_taken < waiting_size) {
        bytes[count++] = waiting[waiting_taken++];
    }
    return count;
}

void pb_board_send(const uint8_t *bytes, uint32_t size) {
    (void)fwrite(bytes, 1, size, stdout);
}

static void echo(uint8_t type, const uint8_t *payload, uint32_t size) {
    static pb_frame frame;
    pb_frame_begin(&frame, type);
    pb_frame_bytes(&frame, payload, size); /* what is over PB_MAX_PAYLOAD is dropped */
    pb_frame_send(&frame);
}

int main(void) {
    pb_link_start();
    while (fetch()) {
        do {
            pb_link_poll(echo);
        } while (waiting_taken < waiting_size);
    }
    fprintf(stderr, "%u", (unsigned)pb_link_bad_frames());
    return 0;
}
