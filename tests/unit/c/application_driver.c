/* A board of standard input and output for the firmware's main.c, on lane 0; ends with its input.
 */
#include "proofboard/board.h"
#include "proofboard/stack.h"
#include <stdlib.h>
#include <unistd.h>

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

uint32_t pb_board_receive(uint32_t lane, uint8_t *bytes, uint32_t capacity) {
    (void)lane;
    const ssize_t count = read(STDIN_FILENO, bytes, capacity);
    if (count <= 0) {
        exit(0);
    }
    return (uint32_t)count;
}

void pb_board_send(const uint8_t *bytes, uint32_t size) {
    while (size > 0) {
        const ssize_t count = write(STDOUT_FILENO, bytes, size);
        if (count <= 0) {
            exit(1);
        }
        bytes += count;
        size -= (uint32_t)count;
    }
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
