#include "block.h"

#include "memory_allocation.h"

#include <string.h>

void pb_state_table_start(pb_state_table *table) {
    *table = (pb_state_table){0};
    table->states = pb_grow(table->states, &table->capacity, 64, sizeof *table->states);
    table->count = 1;
}

static uint32_t state_number(pb_state_table *table, const pb_pipeline *state) {
    for (size_t number = 0; number < table->count; number++) {
        if (memcmp(&table->states[number], state, sizeof *state) == 0) {
            return (uint32_t)number;
        }
    }
    table->states =
        pb_grow(table->states, &table->capacity, table->count + 1, sizeof *table->states);
    memcpy(&table->states[table->count], state, sizeof *state);
    return (uint32_t)table->count++;
}

pb_block *pb_block_new(uint32_t start, pb_instruction *instructions, uint32_t count) {
    pb_block *block = pb_allocate(1, sizeof *block);
    block->start = block->end = start;
    block->instructions = instructions;
    block->count = count;
    for (uint32_t index = 0; index < count; index++) {
        const pb_instruction *i = &instructions[index];
        block->end += i->size;
        block->class_counts[i->kind]++;
        block->bytes_read += i->bytes_read;
        block->bytes_written += i->bytes_written;
    }
    return block;
}

pb_block *pb_block_prefix(pb_block *block, uint32_t last) {
    uint32_t count = 0;
    for (uint32_t address = block->start; address <= last && count < block->count; count++) {
        address += block->instructions[count].size;
    }
    if (count == block->count || count == 0) {
        return block;
    }
    if (block->prefixes == NULL) {
        block->prefixes = pb_allocate(block->count, sizeof(pb_block *));
    }
    pb_block **prefix = &block->prefixes[count - 1u];
    if (*prefix == NULL) {
        *prefix = pb_block_new(block->start, block->instructions, count);
        (*prefix)->function = block->function;
    }
    return *prefix;
}

static pb_passage step_through(const pb_block *block, pb_state_table *table, uint32_t state,
                               bool leaves) {
    pb_pipeline pipeline = table->states[state];
    pb_passage passage = {.state = state, .leaves = leaves, .executions = 1};
    for (uint32_t index = 0; index < block->count; index++) {
        const bool is_last = index == block->count - 1u;
        passage.cycles +=
            pb_pipeline_step(&pipeline, &block->instructions[index], is_last && leaves);
    }
    passage.next = state_number(table, &pipeline);
    return passage;
}

pb_passage pb_block_pass(pb_block *block, pb_state_table *table, uint32_t state, bool leaves) {
    for (size_t tried = 0; tried < block->passage_count; tried++) {
        const size_t index = (block->last_passage + tried) % block->passage_count;
        pb_passage *passage = &block->passages[index];
        if (passage->state == state && passage->leaves == leaves) {
            passage->executions++;
            block->last_passage = index;
            return *passage;
        }
    }
    block->passages = pb_grow(block->passages, &block->passage_capacity, block->passage_count + 1,
                              sizeof *block->passages);
    block->last_passage = block->passage_count++;
    return block->passages[block->last_passage] = step_through(block, table, state, leaves);
}

uint64_t pb_block_spread(const pb_block *block, const pb_state_table *table, uint64_t *cycles) {
    uint64_t executions = 0;
    for (size_t number = 0; number < block->passage_count; number++) {
        const pb_passage *passage = &block->passages[number];
        pb_pipeline pipeline = table->states[passage->state];
        for (uint32_t index = 0; index < block->count; index++) {
            const bool leaves = index == block->count - 1u && passage->leaves;
            cycles[index] += passage->executions *
                             pb_pipeline_step(&pipeline, &block->instructions[index], leaves);
        }
        executions += passage->executions;
    }
    return executions;
}
