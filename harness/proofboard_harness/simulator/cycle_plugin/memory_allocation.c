#include "memory_allocation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *memory) {
    if (memory == NULL) {
        (void)fputs("cycle model: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *pb_allocate(size_t count, size_t size) {
    return must(calloc(count > 0 ? count : 1, size));
}

void *pb_grow(void *items, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity) {
        return items;
    }
    const size_t larger = needed > 2 * *capacity ? needed : 2 * *capacity;
    char *grown = must(realloc(items, larger * size));
    memset(grown + *capacity * size, 0, (larger - *capacity) * size);
    *capacity = larger;
    return grown;
}
