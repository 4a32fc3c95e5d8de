#include "memory_allocation.h"
#include "recorder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint64_t instructions, cycles, waits, bytes_read, bytes_written;
    uint64_t classes[PB_CLASS_COUNT];
} totals;

static totals sum(const pb_node *node) {
    totals total = {0};
    for (const pb_cell *cell = node->cells; cell != NULL; cell = cell->next) {
        const pb_block *block = cell->block;
        total.instructions += cell->executions * block->count;
        total.cycles += cell->cycles;
        total.waits += cell->waits;
        total.bytes_read += cell->executions * block->bytes_read;
        total.bytes_written += cell->executions * block->bytes_written;
        for (unsigned kind = 0; kind < PB_CLASS_COUNT; kind++) {
            total.classes[kind] += cell->executions * block->class_counts[kind];
        }
    }
    return total;
}

/* node ID PARENT FUNCTION SITE CALLS INSTRUCTIONS CYCLES WAITS READ WRITTEN CLASS..., decimal; -1:
 * none */
static void write_node(FILE *file, const pb_node *node) {
    const totals total = sum(node);
    const int64_t parent = node->parent == NULL ? -1 : (int64_t)node->parent->id;
    const int64_t function = node->function == PB_NO_FUNCTION ? -1 : (int64_t)node->function;
    (void)fprintf(file, "node %" PRIu32 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu64, node->id,
                  parent, function, node->site, node->calls);
    (void)fprintf(file, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
                  total.instructions, total.cycles, total.waits, total.bytes_read,
                  total.bytes_written);
    for (unsigned kind = 0; kind < PB_CLASS_COUNT; kind++) {
        (void)fprintf(file, " %" PRIu64, total.classes[kind]);
    }
    (void)fputc('\n', file);
}

/* code ADDRESS EXECUTIONS CYCLES, for each instruction of the block; another block may hold it too
 */
static void write_block(FILE *file, const pb_recorder *recorder, const pb_block *block) {
    uint64_t *cycles = pb_allocate(block->count, sizeof *cycles);
    const uint64_t executions = pb_block_spread(block, &recorder->states, cycles);
    uint32_t address = block->start;
    for (uint32_t index = 0; index < block->count; index++) {
        (void)fprintf(file, "code %" PRIu32 " %" PRIu64 " %" PRIu64 "\n", address, executions,
                      cycles[index]);
        address += block->instructions[index].size;
    }
    free(cycles);
}

bool pb_recorder_write(const pb_recorder *recorder, const char *path) {
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    for (const pb_node *node = recorder->tree.nodes; node != NULL; node = node->next) {
        write_node(file, node);
    }
    for (const pb_block *block = recorder->blocks; block != NULL; block = block->next) {
        write_block(file, recorder, block);
    }
    (void)fputs("end\n", file);
    const bool good = ferror(file) == 0;
    return fclose(file) == 0 && good;
}
