/* The whole application as a program of this machine, which speaks the protocol on its standard
 * input and output: a target whose compute is free, for the speed of the link alone. It ends with
 * its input. Its environment:
 *   PROOFBOARD_INFERENCE_US  how long the target is busy with a clip, without looking at its input
 * A new rate of the serial port is told on standard error, "baud <bit/s>": what stands for the wire
 * keeps to it. */
#include "proofboard/board.h"
#include "proofboard/stack.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* As large as an RA6E1's ring; what stands for the wire keeps to it. */
#define RECEIVE_BUFFER 4096u
/* Of the counter in a clip: before, between and after the two parts. */
#define READINGS 3u
#define LOWEST_BAUD 9600u
#define HIGHEST_BAUD 4000000u

const uint32_t pb_board_lanes = 1;
const pb_counter_kind pb_board_counter = PB_COUNTER_DWT;
const uint32_t pb_board_clock_hz = 1000000u; /* the counter's microseconds */
const char pb_board_name[] = "pipe";
/* In the place of the linker's note: who starts the program has just built it. */
const uint8_t pb_build_id[36] = {0};

static uint32_t inference_us;
static uint32_t readings;

const char *pb_board_identity(void) {
    return "";
}

void pb_board_start(void) {
    const char *text = getenv("PROOFBOARD_INFERENCE_US");
    inference_us = text == NULL ? 0 : (uint32_t)strtoul(text, NULL, 10);
}

uint32_t pb_board_receive_buffer(void) {
    return RECEIVE_BUFFER;
}

uint32_t pb_board_has_baud(uint32_t baud) {
    return baud >= LOWEST_BAUD && baud <= HIGHEST_BAUD;
}

void pb_board_set_baud(uint32_t baud) {
    (void)fprintf(stderr, "baud %lu\n", (unsigned long)baud);
}

static void pause_us(uint32_t us) {
    const struct timespec time = {.tv_sec = us / 1000000u, .tv_nsec = (long)(us % 1000000u) * 1000};
    (void)nanosleep(&time, NULL);
}

uint32_t pb_board_ticks(void) {
    if (readings++ % READINGS != 0) {
        pause_us(inference_us / (READINGS - 1u));
    }
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
}

uint32_t pb_board_ticks_between(uint32_t since, uint32_t until) {
    return until - since;
}

uint32_t pb_stack_high_water(void) {
    return 0; /* a program's stack has no end to measure from */
}
