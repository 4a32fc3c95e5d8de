#include "proofboard/dense_f32.h"

void pb_relu_f32_run(float *values, uint32_t size) {
    for (uint32_t i = 0; i < size; i++) {
        values[i] = values[i] > 0.0f ? values[i] : 0.0f;
    }
}
