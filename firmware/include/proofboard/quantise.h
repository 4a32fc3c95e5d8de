/* Features to the int8 input of an integer network. */
#ifndef PROOFBOARD_QUANTISE_H
#define PROOFBOARD_QUANTISE_H

#include <stdint.h>

/* output = clamp(((x - offset) * multiplier + 2^(shift-1)) >> shift, -127, 127).
 * multiplier in 1..2^14 - 1 and shift in 1..30, so the sum stays within 32 bits. */
typedef struct {
    uint16_t size;
    int16_t offset;
    int16_t multiplier;
    uint8_t shift;
} pb_quantise;

/* input: int16 [size]; output: int8 [size]; both owned by the caller, not overlapping. */
void pb_quantise_run(const pb_quantise *layer, const int16_t *input, int8_t *output);

#endif
