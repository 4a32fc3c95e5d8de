#include "core.h"

#include "block.h"
#include "it_places.h"
#include "memory.h"
#include "memory_allocation.h"

#include <string.h>

#define BUCKETS 16384u
#define MOST_BYTES 4096u /* of a block: one page of Unicorn's translator */

/* A block of code as Unicorn translated it; `model` only where cycles are modelled. */
typedef struct entry entry;
struct entry {
    uint32_t start, size, count;
    bool accesses_in_it; /* a load or a store within an IT block */
    pb_block *model;
    entry *next;
};

struct pb_virtual_core {
    pb_virtual_clock clock;
    entry *buckets[BUCKETS];
    pb_it_places it_places;
    pb_state_table states;
    pb_memory memory;
    pb_block *current; /* runs, and is yet to be charged */
    uint32_t state;    /* of the pipeline when `current` began */
    uint32_t waits;    /* of memory, since `current` began */
    uint32_t fetched;  /* code before this address came with the block before */
    bool accesses_in_it;
};

pb_virtual_core *pb_virtual_core_new(bool modelled) {
    pb_virtual_core *core = pb_allocate(1, sizeof *core);
    if (modelled) {
        pb_state_table_start(&core->states);
    }
    return core;
}

pb_virtual_clock *pb_virtual_core_clock(pb_virtual_core *core) {
    return &core->clock;
}

void pb_virtual_core_forget(pb_virtual_core *core) {
    memset(core->buckets, 0, sizeof core->buckets);
    core->current = NULL;
    core->waits = 0;
}

uint32_t pb_virtual_core_add_region(pb_virtual_core *core, uint32_t first, uint32_t last) {
    core->memory.regions[core->memory.region_count] = (pb_region){first, last, 0, false};
    return core->memory.region_count++;
}

void pb_virtual_core_set_waits(pb_virtual_core *core, uint32_t region, uint32_t waits,
                               bool cached) {
    core->memory.regions[region].wait_states = waits;
    core->memory.regions[region].cached = cached;
}

void pb_virtual_core_set_cache(pb_virtual_core *core, uint32_t lines, uint32_t line_shift,
                               uint32_t fill_cycles) {
    core->memory.lines = lines;
    core->memory.line_shift = line_shift;
    core->memory.fill_cycles = fill_cycles;
    memset(core->memory.tags, 0, sizeof core->memory.tags);
}

static uint16_t half_word(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] | (bytes[1] << 8));
}

/* Decode the code of a block into `found`, for at most `most` instructions; how many they are. */
static uint32_t decode(pb_virtual_core *core, uint32_t start, const uint8_t *code, uint32_t size,
                       pb_instruction *found) {
    uint32_t count = 0, offset = 0;
    pb_it_state state = pb_it_places_at(&core->it_places, start);
    while (offset < size) {
        const uint16_t first = half_word(code + offset);
        const uint16_t second = pb_is_wide(first) ? half_word(code + offset + 2) : 0;
        found[count] = pb_decode(first, second, state);
        state = pb_advance_it(state, first);
        offset += found[count++].size;
        pb_it_places_note(&core->it_places, start + offset, state);
    }
    return count;
}

static bool any_access_in_it(const pb_instruction *instructions, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (instructions[i].in_it && instructions[i].bytes_read + instructions[i].bytes_written) {
            return true;
        }
    }
    return false;
}

static uint32_t count_instructions(const uint8_t *code, uint32_t size) {
    uint32_t count = 0;
    for (uint32_t offset = 0; offset < size; count++) {
        offset += pb_is_wide(half_word(code + offset)) ? 4u : 2u;
    }
    return count;
}

static entry *find(pb_virtual_core *core, uc_engine *engine, uint32_t start, uint32_t size,
                   bool modelled) {
    entry **bucket = &core->buckets[(start >> 1) % BUCKETS];
    for (entry *known = *bucket; known != NULL; known = known->next) {
        if (known->start == start && known->size == size) {
            return known;
        }
    }
    uint8_t code[MOST_BYTES + 2u] = {0}; /* a wide instruction may be cut at its middle */
    const uint32_t bytes = size < MOST_BYTES ? size : MOST_BYTES;
    (void)core->clock.read(engine, start, code, bytes);
    entry *made = pb_allocate(1, sizeof *made);
    made->start = start;
    made->size = size;
    made->next = *bucket;
    made->count = count_instructions(code, bytes);
    if (modelled && made->count > 0) {
        pb_instruction *instructions = pb_allocate(made->count, sizeof *instructions);
        const uint32_t count = decode(core, start, code, bytes, instructions);
        made->accesses_in_it = any_access_in_it(instructions, count);
        made->model = pb_block_new(start, instructions, count);
    }
    return *bucket = made;
}

static void keep_time(pb_virtual_core *core) {
    if (core->clock.cycles >= core->clock.deadline) {
        core->clock.service();
    }
}

void pb_virtual_on_block_fast(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
    pb_virtual_core *core = data;
    keep_time(core);
    const uint32_t count = find(core, engine, (uint32_t)address, size, false)->count;
    core->clock.cycles += count;
    core->clock.instructions += count;
}

/* Charge the current block, which is followed by the code at `next`. */
static void charge(pb_virtual_core *core, uint32_t next) {
    pb_block *block = core->current;
    const bool leaves = pb_block_last(block)->flow != PB_FLOW_NEXT && next != block->end;
    const pb_passage passage = pb_block_pass(block, &core->states, core->state, leaves);
    core->clock.cycles += passage.cycles + core->waits;
    core->clock.cycles += (uint64_t)block->class_counts[PB_CLASS_DIVIDE] * PB_DIVIDE_SPREAD;
    core->state = passage.next;
    core->waits = 0;
    core->current = NULL;
}

void pb_virtual_on_block_modelled(uc_engine *engine, uint64_t address, uint32_t size, void *data) {
    pb_virtual_core *core = data;
    const uint32_t start = (uint32_t)address;
    if (core->current != NULL) {
        charge(core, start);
    }
    keep_time(core);
    const entry *found = find(core, engine, start, size, true);
    core->current = found->model;
    core->accesses_in_it = found->accesses_in_it;
    core->clock.instructions += found->count;
    if (found->model != NULL) {
        const uint32_t first = start == core->fetched ? start : pb_memory_word(start);
        core->fetched = found->model->end;
        core->waits = pb_memory_fetch(&core->memory, first, core->fetched);
    }
}

/* Where memory is hooked, Unicorn 2.1 writes ITSTATE before an access of an IT block and leaves it
 * behind: the block that is entered next by a computed jump, or after a stop, would be taken for
 * the inside of an IT block. */
static void leave_it_block(pb_virtual_core *core, uc_engine *engine) {
    uint32_t xpsr = 0;
    (void)core->clock.read_register(engine, PB_REGISTER_XPSR, &xpsr);
    if ((xpsr & PB_XPSR_IT) != 0) {
        xpsr &= ~PB_XPSR_IT;
        (void)core->clock.write_register(engine, PB_REGISTER_XPSR, &xpsr);
    }
}

void pb_virtual_on_access(uc_engine *engine, int type, uint64_t address, int size, int64_t value,
                          void *data) {
    pb_virtual_core *core = data;
    (void)type, (void)size, (void)value;
    if (core->accesses_in_it) {
        leave_it_block(core, engine);
    }
    core->waits += pb_memory_access(&core->memory, (uint32_t)address);
}
