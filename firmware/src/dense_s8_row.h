/* The accumulator of one output, shared by the layers that differ in the type of their output. */
#ifndef PROOFBOARD_DENSE_S8_ROW_H
#define PROOFBOARD_DENSE_S8_ROW_H

#include "proofboard/dense_s8.h"
#include "proofboard/requantise.h"

static inline int32_t pb_dense_s8_row(const pb_dense_s8 *layer, uint32_t row, const int8_t *input) {
    const int8_t *weights = layer->weights + (uint32_t)layer->inputs * row;
    int32_t sum = layer->bias[row];
    for (uint32_t i = 0; i < layer->inputs; i++) {
        sum += weights[i] * input[i];
    }
    const int64_t scaled = pb_requantise(sum, layer->multiplier[row], layer->shift[row]);
    return pb_clamp(scaled + layer->zero_point, layer->low, layer->high);
}

#endif
