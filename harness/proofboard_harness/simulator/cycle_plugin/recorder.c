#include "recorder.h"

#include <string.h>

void pb_recorder_start(pb_recorder *recorder, pb_memory *memory, bool windowed) {
    *recorder = (pb_recorder){.memory = memory, .windowed = windowed, .counting = !windowed};
    pb_state_table_start(&recorder->states);
    pb_call_tree_start(&recorder->tree);
}

static uint32_t address_of_last(const pb_block *block) {
    return block->end - pb_block_last(block)->size;
}

/* Fetch the code before `end` that wasn't yet. */
static void fetch(pb_recorder *recorder, uint32_t end) {
    if (recorder->fetched < end) {
        recorder->waits += pb_memory_fetch(recorder->memory, recorder->fetched, end);
        recorder->fetched = end;
    }
}

/* Charge the current block, which is followed by the code at `next`. The block as far as it ran. */
static pb_block *charge(pb_recorder *recorder, uint32_t next) {
    pb_block *block = recorder->current;
    if (recorder->was_stopped) {
        block = pb_block_prefix(block, recorder->stopped);
        recorder->was_stopped = false;
    }
    if (block->passage_count == 0) {
        block->next = recorder->blocks;
        recorder->blocks = block;
    }
    fetch(recorder, block->end);
    const bool leaves = pb_block_last(block)->flow != PB_FLOW_NEXT && next != block->end;
    const pb_passage passage = pb_block_pass(block, &recorder->states, recorder->state, leaves);
    const uint32_t division = block->class_counts[PB_CLASS_DIVIDE] * PB_DIVIDE_SPREAD;
    pb_call_tree_charge(&recorder->tree, block, passage.cycles, recorder->waits + division);
    recorder->state = passage.next;
    recorder->waits = 0;
    return block;
}

/* Follow the way from `block` to `next` in the tree of calls. */
static void follow(pb_recorder *recorder, const pb_block *block, const pb_block *next) {
    pb_call_tree *tree = &recorder->tree;
    const pb_instruction *last = pb_block_last(block);
    const uint32_t site = address_of_last(block);
    if (last->flow == PB_FLOW_CALL && next->start != block->end) {
        pb_call_tree_call(tree, next->function, site, block->end);
    } else if (next->start != block->end || next->function != block->function) {
        const pb_frame *bottom = &tree->frames[0];
        if (recorder->windowed && last->returns && tree->depth == 1 &&
            bottom->return_address == 0) {
            tree->depth = 0; /* a window that was jumped into */
            return;
        }
        pb_call_tree_jump(tree, next->function, site, next->start, last->returns);
    }
}

static void open_window(pb_recorder *recorder, const pb_block *block) {
    const pb_block *caller = recorder->current;
    const bool called = caller != NULL && pb_block_last(caller)->flow == PB_FLOW_CALL;
    pb_call_tree_call(&recorder->tree, block->function, called ? address_of_last(caller) : 0,
                      called ? caller->end : 0);
    memset(recorder->memory->tags, 0, sizeof recorder->memory->tags);
    recorder->state = 0;
    recorder->waits = 0;
    recorder->was_stopped = false;
    recorder->fetched = pb_memory_word(block->start);
    recorder->counting = true;
}

void pb_recorder_enter(pb_recorder *recorder, pb_block *block) {
    if (recorder->counting && recorder->current != NULL) {
        const pb_block *before = charge(recorder, block->start);
        follow(recorder, before, block);
        recorder->counting = recorder->tree.depth > 0;
    } else if (recorder->counting) {
        pb_call_tree_call(&recorder->tree, block->function, 0, 0);
    }
    if (!recorder->counting && block->opens_window) {
        open_window(recorder, block);
    }
    recorder->current = block;
    if (block->start != recorder->fetched) {
        recorder->fetched = pb_memory_word(block->start);
    }
}

void pb_recorder_access(pb_recorder *recorder, const pb_block *block, uint32_t address,
                        uint32_t target) {
    if (!recorder->counting) {
        return;
    }
    /* Code and data push each other out of the cache in the order of the instructions, wherever
     * QEMU cuts them into blocks. */
    fetch(recorder, address + 1u);
    recorder->waits += pb_memory_access(recorder->memory, target);
    if (block != recorder->current) {
        /* QEMU left the current block to run an access of a device as a block of its own, which
         * isn't announced; it goes on with a block that starts behind that access. */
        recorder->stopped = address;
        recorder->was_stopped = true;
    }
}

void pb_recorder_finish(pb_recorder *recorder) {
    if (recorder->counting && recorder->current != NULL) {
        (void)charge(recorder, recorder->current->end);
    }
    recorder->current = NULL;
}
