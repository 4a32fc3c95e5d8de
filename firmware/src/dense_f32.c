#include "proofboard/dense_f32.h"

void pb_dense_f32_run(const pb_dense_f32 *layer, const float *input, float *output) {
    const float *weights = layer->weights;
    for (uint32_t row = 0; row < layer->outputs; row++) {
        float sum = layer->bias[row];
        for (uint32_t i = 0; i < layer->inputs; i++) {
            sum += *weights++ * input[i];
        }
        output[row] = sum;
    }
}
