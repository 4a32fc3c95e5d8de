/* Features to the float32 input of a baseline network. */
#ifndef PROOFBOARD_TO_FLOAT_H
#define PROOFBOARD_TO_FLOAT_H

#include <stdint.h>

/* output = input * scale; scale is a power of two, so nothing is rounded.
 * input: int16 [size]; output: float [size]; both owned by the caller. */
void pb_to_float_run(float scale, uint32_t size, const int16_t *input, float *output);

#endif
