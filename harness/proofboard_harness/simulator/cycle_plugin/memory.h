/* What a board's memories add to the cycles of the core: wait states of flash behind a cache of
 * lines, and of RAM. */
#ifndef PB_CYCLE_MEMORY_H
#define PB_CYCLE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#define PB_MAX_REGIONS 16u
#define PB_MAX_LINES 4096u

typedef struct {
    uint32_t start, end; /* the first address, and the last */
    uint32_t wait_states;
    bool cached;
} pb_region;

/* A direct-mapped cache of `lines` lines of 2^`line_shift` bytes, both powers of two; `lines` 0 is
 * none. A line that is not there costs `wait_states` of its memory and `fill_cycles`; tags are
 * addresses of lines plus 1, 0 for an empty line. */
typedef struct {
    pb_region regions[PB_MAX_REGIONS];
    uint32_t region_count;
    uint32_t lines;
    uint32_t line_shift;
    uint32_t fill_cycles;
    uint32_t tags[PB_MAX_LINES];
} pb_memory;

/* Cycles that an access of data at `address` waits; 0 outside of all regions. */
uint32_t pb_memory_access(pb_memory *memory, uint32_t address);

/* Where the word begins that `address` lies in: the core fetches words. */
uint32_t pb_memory_word(uint32_t address);

/* Cycles that fetching the code in start..end-1 waits. A word that begins before `start` was
 * fetched with the code there. */
uint32_t pb_memory_fetch(pb_memory *memory, uint32_t start, uint32_t end);
#endif
