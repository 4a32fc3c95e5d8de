#include "pipeline.h"

#define REFILL 1u
#define FLOAT_MULTIPLY_ADD_CYCLES 3u
#define FLOAT_DIVIDE_CYCLES 14u

/* Cycles from issue to a use of the result, by kind of result and of use. */
typedef struct {
    uint8_t operand, accumulator, addend, stored;
} latencies;

static const latencies latency[PB_RESULT_COUNT] = {
    [PB_RESULT_PLAIN] = {1, 1, 1, 1},
    [PB_RESULT_LATE] = {2, 1, 1, 1},
    [PB_RESULT_LOADED] = {2, 1, 2, 1},
    [PB_RESULT_FLOAT] = {2, 2, 2, 2},
    [PB_RESULT_FLOAT_MULTIPLY_ADD] = {3, 3, 3, 3},
    [PB_RESULT_FLOAT_DIVIDE] = {14, 14, 14, 14},
};

static unsigned lowest(pb_registers set) {
    return (unsigned)__builtin_ctzll(set);
}

static uint32_t latest(const uint8_t *until, pb_registers set, uint32_t so_far) {
    for (; set != 0; set &= set - 1) {
        const uint32_t time = until[lowest(set)];
        so_far = time > so_far ? time : so_far;
    }
    return so_far;
}

/* Cycles until all operands are there. */
static uint32_t wait_for_operands(const pb_pipeline *state, const pb_instruction *i) {
    uint32_t wait = latest(state->operand, i->sources, 0);
    wait = latest(state->accumulator, i->accumulators, wait);
    wait = latest(state->addend, i->addends, wait);
    wait = latest(state->stored, i->stored, wait);
    return i->is_float && state->float_unit > wait ? state->float_unit : wait;
}

static bool fits_second_slot(const pb_pipeline *state, const pb_instruction *i, bool leaves) {
    if (i->size != 2 || state->pairs == 0 || (i->sources & state->fresh) != 0) {
        return false;
    }
    if (i->kind == PB_CLASS_IT || i->kind == PB_CLASS_NOP) {
        return true;
    }
    return i->kind == PB_CLASS_BRANCH && !(leaves && state->set_flags != 0);
}

static uint8_t less(uint8_t time, uint32_t cycles) {
    return time > cycles ? (uint8_t)(time - cycles) : 0;
}

static void advance(pb_pipeline *state, uint32_t cycles) {
    if (cycles == 0) {
        return;
    }
    for (unsigned number = 0; number < PB_REGISTER_COUNT; number++) {
        state->operand[number] = less(state->operand[number], cycles);
        state->accumulator[number] = less(state->accumulator[number], cycles);
        state->addend[number] = less(state->addend[number], cycles);
        state->stored[number] = less(state->stored[number], cycles);
    }
    state->float_unit = less(state->float_unit, cycles);
}

/* Times are counted from issue. */
static void write_results(pb_pipeline *state, const pb_instruction *i) {
    const latencies times = latency[i->result];
    uint32_t start = i->serial ? 0 : i->issue - 1u;
    for (pb_registers set = i->results; set != 0; set &= set - 1) {
        const unsigned number = lowest(set);
        state->operand[number] = (uint8_t)(start + times.operand);
        state->accumulator[number] = (uint8_t)(start + times.accumulator);
        state->addend[number] = (uint8_t)(start + times.addend);
        state->stored[number] = (uint8_t)(start + times.stored);
        start += i->serial ? 1u : 0u;
    }
    for (pb_registers set = i->updates; set != 0; set &= set - 1) {
        const unsigned number = lowest(set);
        state->operand[number] = state->accumulator[number] = 1;
        state->addend[number] = state->stored[number] = 1;
    }
    if (i->kind == PB_CLASS_FLOAT_MULTIPLY_ADD) {
        state->float_unit = FLOAT_MULTIPLY_ADD_CYCLES;
    } else if (i->kind == PB_CLASS_FLOAT_DIVIDE) {
        state->float_unit = FLOAT_DIVIDE_CYCLES;
    }
}

uint32_t pb_pipeline_step(pb_pipeline *state, const pb_instruction *i, bool leaves) {
    const uint32_t wait = wait_for_operands(state, i);
    const bool paired = wait == 0 && fits_second_slot(state, i, leaves);
    const bool skipped = i->in_it && i->flow != PB_FLOW_NEXT && !leaves; /* its condition failed */
    uint32_t cycles = 0;
    if (!paired) {
        const uint32_t issue = skipped ? 1 : i->issue;
        advance(state, wait);
        if (!skipped) {
            write_results(state, i);
        }
        advance(state, issue);
        cycles = wait + issue;
    }
    if (leaves) {
        advance(state, REFILL + i->extra_taken);
        cycles += REFILL + i->extra_taken;
    }
    state->pairs = i->size == 2 && i->flow == PB_FLOW_NEXT && i->kind != PB_CLASS_IT &&
                   i->kind != PB_CLASS_NOP && i->kind != PB_CLASS_SYSTEM;
    state->set_flags = i->sets_flags;
    state->fresh = (i->results | i->updates) & ~PB_FLAGS;
    return cycles;
}
