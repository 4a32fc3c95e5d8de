#include "wire_steps.h"
#include <stdio.h>
#include <stdlib.h>

/* Three times the most that was seen: 15,576 for a frame that runs no network (an echo of 508
 * zeros, each a block of its own on the wire), 16,141 for one that runs it, twice, on the small
 * product. */
#define FRAME_STEPS 47000u
#define INFERENCE_STEPS 49000u

static uint64_t steps;
static uint64_t most[2];
static bool counting;

#ifndef __clang__ /* libFuzzer has one of its own */
void __sanitizer_cov_trace_pc(void);
__attribute__((no_sanitize_coverage)) void __sanitizer_cov_trace_pc(void) {
    steps += counting ? 1u : 0u;
}
#endif

void steps_start(void) {
    steps = 0;
    counting = true;
}

void steps_pause(void) {
    counting = false;
}

void steps_resume(void) {
    counting = true;
}

void steps_check(bool inferred) {
    most[inferred] = steps > most[inferred] ? steps : most[inferred];
    if (steps > (inferred ? INFERENCE_STEPS : FRAME_STEPS)) {
        (void)fprintf(stderr, "broken: %llu steps of work on one frame\n",
                      (unsigned long long)steps);
        abort();
    }
    steps = 0;
}

void steps_print(void) {
    (void)printf("most steps: %llu for a frame, %llu for one that infers\n",
                 (unsigned long long)most[0], (unsigned long long)most[1]);
}
