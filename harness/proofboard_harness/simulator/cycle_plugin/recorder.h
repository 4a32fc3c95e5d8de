/* From the order in which blocks run to a tree of calls with cycles. A block is charged when the
 * next one begins, since only then is it known whether its branch was taken and whether it ran to
 * its end. */
#ifndef PB_CYCLE_RECORDER_H
#define PB_CYCLE_RECORDER_H

#include "call_tree.h"
#include "memory.h"

typedef struct {
    pb_call_tree tree;
    pb_state_table states;
    pb_memory *memory;
    pb_block *blocks;  /* all that ran, the youngest first */
    pb_block *current; /* runs, or ran last */
    uint32_t state;    /* of the pipeline when `current` began */
    uint32_t waits;    /* of memory, since `current` began */
    uint32_t fetched;  /* code of `current` before this address was fetched */
    uint32_t stopped;  /* address of the instruction behind which `current` was left */
    bool was_stopped;
    bool counting;
    bool windowed; /* counts only in calls of functions that open a window */
} pb_recorder;

void pb_recorder_start(pb_recorder *recorder, pb_memory *memory, bool windowed);

/* `block` begins. */
void pb_recorder_enter(pb_recorder *recorder, pb_block *block);

/* The instruction at `address`, translated as part of `block`, accesses `target`. */
void pb_recorder_access(pb_recorder *recorder, const pb_block *block, uint32_t address,
                        uint32_t target);

/* Nothing more will run. */
void pb_recorder_finish(pb_recorder *recorder);

/* Write all nodes, and what each instruction cost. Whether that went well. */
bool pb_recorder_write(const pb_recorder *recorder, const char *path);
#endif
