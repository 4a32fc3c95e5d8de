/* Work between two reads of the board, in basic blocks: that of any frame is bounded. Nothing is
 * counted unless the build traces them (gcc's -fsanitize-coverage=trace-pc). */
#ifndef WIRE_STEPS_H
#define WIRE_STEPS_H

#include <stdbool.h>
#include <stdint.h>

void steps_start(void);

/* Around what is the fuzzer's own work. */
void steps_pause(void);
void steps_resume(void);

/* Abort if more was done than a bound allows since the last call. `inferred`: a network was run. */
void steps_check(bool inferred);

/* The most that was seen, on standard output. */
void steps_print(void);

#endif
