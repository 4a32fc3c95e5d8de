/* Cycles of a Cortex-M33 with memory that never waits: an in-order core that issues one instruction
 * a cycle, or two narrow ones. docs/cycle-model.md has the table, with the source of each row. */
#ifndef PB_CYCLE_PIPELINE_H
#define PB_CYCLE_PIPELINE_H

#include "instruction.h"

/* What the past leaves to the next instruction. Times are in cycles from now, 0 for "at once".
 * Without padding, so that states compare by memcmp; all zeros is an idle core. */
typedef struct {
    pb_registers fresh;                     /* what the last instruction wrote, other than flags */
    uint8_t operand[PB_REGISTER_COUNT];     /* until the register can be an operand */
    uint8_t accumulator[PB_REGISTER_COUNT]; /* ... the addend of a multiply-accumulate */
    uint8_t addend[PB_REGISTER_COUNT];      /* ... the addend of SXTAB16 and its like */
    uint8_t stored[PB_REGISTER_COUNT];      /* ... data of a store */
    uint8_t float_unit;                     /* until the FPU takes an instruction */
    uint8_t pairs;     /* 1: the last one can issue together with a branch, IT or NOP */
    uint8_t set_flags; /* 1: the last one set the flags */
    uint8_t unused[5];
} pb_pipeline;

_Static_assert(sizeof(pb_pipeline) == 8 + 4 * PB_REGISTER_COUNT + 8, "compared by memcmp");

/* The cycles that the instruction adds. `leaves` says that it is a branch that is taken. */
uint32_t pb_pipeline_step(pb_pipeline *state, const pb_instruction *i, bool leaves);

/* The most cycles that a division takes beyond the least, which pb_pipeline_step charges. */
#define PB_DIVIDE_SPREAD 9u
#endif
