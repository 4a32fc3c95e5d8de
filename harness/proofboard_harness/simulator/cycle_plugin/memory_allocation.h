#ifndef PB_CYCLE_MEMORY_ALLOCATION_H
#define PB_CYCLE_MEMORY_ALLOCATION_H

#include <stddef.h>

/* Zeroed memory that lives as long as the process; ends the process if there is none. */
void *pb_allocate(size_t count, size_t size);

/* `items` with room for at least `needed` items, `capacity` being what there is; new items are
 * zero. */
void *pb_grow(void *items, size_t *capacity, size_t needed, size_t size);
#endif
