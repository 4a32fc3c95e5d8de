/* One call of one operator, generated, with arrays of exactly the size it may use. */
#ifndef KERNEL_CASE_H
#define KERNEL_CASE_H

#include <stdint.h>

#ifdef __arm__
enum { GUARD = 16 }; /* bytes behind an array, compared after the call */
#else
enum { GUARD = 0 }; /* the address sanitiser knows where an array ends */
#endif

enum { SOURCES = 2, RUNS = 4 };

/* bytes: without the guard. values may be null where bytes is 0; the target of a call in place is
 * one of its sources and no longer than that. */
typedef struct {
    uint8_t *values;
    uint32_t bytes;
} kernel_array;

typedef struct {
    void (*run)(void);
    kernel_array sources[SOURCES];
    kernel_array target;
    kernel_array scratch;
} kernel_case;

typedef struct {
    const kernel_case *cases;
    uint32_t count;
} kernel_batch;

extern const kernel_batch kernel_batches[];
extern const uint32_t kernel_batch_count;

#endif
