/* A board for the firmware's main.c beside firmware/host/pipe_streams.c: what a test can foretell.
 */
#include "proofboard/board.h"
#include "proofboard/stack.h"

const uint32_t pb_board_lanes = 1;
const pb_counter_kind pb_board_counter = PB_COUNTER_DWT;
const uint32_t pb_board_clock_hz = 1000000u;
const char pb_board_name[] = "pipe";
const char *pb_board_identity(void) {
    return "pipe 0123";
}

const uint8_t pb_build_id[36] = {[16] = 0xAB, [35] = 0xCD}; /* in the place of the linker's note */

static uint32_t ticks;

void pb_board_start(void) {
}

uint32_t pb_board_ticks(void) {
    return ticks += 1000;
}

uint32_t pb_board_ticks_between(uint32_t since, uint32_t until) {
    return until - since;
}

uint32_t pb_stack_high_water(void) {
    return 321;
}
