#include "memory.h"

#define WORD 4u

static const pb_region *region_of(const pb_memory *memory, uint32_t address) {
    for (uint32_t index = 0; index < memory->region_count; index++) {
        const pb_region *region = &memory->regions[index];
        if (address >= region->start && address <= region->end) {
            return region;
        }
    }
    return 0;
}

/* Cycles for the line; it is there afterwards. */
static uint32_t look_up(pb_memory *memory, uint32_t line, uint32_t wait_states) {
    uint32_t *tag = &memory->tags[line & (memory->lines - 1u)];
    if (*tag == line + 1u) {
        return 0;
    }
    *tag = line + 1u;
    return wait_states + memory->fill_cycles;
}

uint32_t pb_memory_access(pb_memory *memory, uint32_t address) {
    const pb_region *region = region_of(memory, address);
    if (region == 0 || region->wait_states == 0) {
        return 0;
    }
    if (!region->cached || memory->lines == 0) {
        return region->wait_states;
    }
    return look_up(memory, address >> memory->line_shift, region->wait_states);
}

uint32_t pb_memory_word(uint32_t address) {
    return address & ~(WORD - 1u);
}

uint32_t pb_memory_fetch(pb_memory *memory, uint32_t start, uint32_t end) {
    const pb_region *region = region_of(memory, start);
    const uint32_t first = pb_memory_word(start + WORD - 1u);
    if (region == 0 || region->wait_states == 0 || end <= first) {
        return 0;
    }
    if (!region->cached || memory->lines == 0) {
        return (end - first + WORD - 1u) / WORD * region->wait_states;
    }
    uint32_t cycles = 0;
    for (uint32_t line = first >> memory->line_shift; line <= (end - 1u) >> memory->line_shift;
         line++) {
        cycles += look_up(memory, line, region->wait_states);
    }
    return cycles;
}
