#include "proofboard/to_float.h"

void pb_to_float_run(float scale, uint32_t size, const int16_t *input, float *output) {
    for (uint32_t i = 0; i < size; i++) {
        output[i] = (float)input[i] * scale;
    }
}
