/* A block of instructions that QEMU translates at once, and its cycles for each state in which it
 * is entered.
 *
 * The state of the pipeline behind a block depends only on the state before it and on whether its
 * last branch is taken, and few states ever occur. So a block is stepped through once for each, and
 * looked up from then on: as exact as stepping through it every time. */
#ifndef PB_CYCLE_BLOCK_H
#define PB_CYCLE_BLOCK_H

#include "pipeline.h"

#include <stddef.h>

/* Every state of the pipeline that occurred; its number is its index. State 0 is an idle core. */
typedef struct {
    pb_pipeline *states;
    size_t count, capacity;
} pb_state_table;

typedef struct {
    uint32_t state; /* on entry */
    uint32_t next;  /* behind */
    uint32_t cycles;
    bool leaves;
    uint64_t executions;
} pb_passage;

typedef struct pb_block pb_block;
struct pb_block {
    uint32_t start, end; /* addresses: the first byte, and the first behind */
    uint32_t count;
    uint32_t function; /* the caller's */
    bool opens_window; /* the caller's */
    pb_instruction *instructions;
    pb_passage *passages;
    size_t passage_count, passage_capacity, last_passage;
    uint32_t class_counts[PB_CLASS_COUNT];
    uint32_t bytes_read, bytes_written;
    pb_block **prefixes; /* by count - 1; made when the block was left in its middle */
    void *cell;          /* the caller's */
    pb_block *next;      /* the caller's */
};

void pb_state_table_start(pb_state_table *table);

/* A block of `count` instructions. It owns them from now on; they live as long as the process. */
pb_block *pb_block_new(uint32_t start, pb_instruction *instructions, uint32_t count);

/* The block of the first instructions up to and with the one at `last`, an address in the block. */
pb_block *pb_block_prefix(pb_block *block, uint32_t last);

/* How the block runs when entered in `state`, which is counted as one execution. */
pb_passage pb_block_pass(pb_block *block, pb_state_table *table, uint32_t state, bool leaves);

/* Add to `cycles`, one number an instruction, what all executions of the block took; their number.
 */
uint64_t pb_block_spread(const pb_block *block, const pb_state_table *table, uint64_t *cycles);

static inline const pb_instruction *pb_block_last(const pb_block *block) {
    return &block->instructions[block->count - 1u];
}
#endif
