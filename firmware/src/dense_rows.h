/* Dense layers in plain C, for any processor: one output after the other, from packed weights. */
#ifndef PROOFBOARD_DENSE_ROWS_H
#define PROOFBOARD_DENSE_ROWS_H

#include <string.h>

#include "proofboard/dense.h"
#include "proofboard/requantise.h"

/* The weight of a column of a word. */
typedef int32_t pb_dense_weight(uint32_t word, uint32_t column);

/* Output `row` before saturation. A row takes its words of weights, a bias and a multiplier; those
 * of four rows alternate, as far as there are four. `columns` is the number of weights in a word.
 */
static inline int32_t pb_dense_row(const pb_dense *layer, const int8_t *input, uint32_t row,
                                   uint32_t columns, pb_dense_weight *weight) {
    const uint32_t words = (layer->inputs + columns - 1u) / columns;
    const uint32_t lanes = row < (layer->outputs & ~3u) ? 4u : 1u;
    const uint32_t lane = row % lanes;
    const uint32_t *packed = layer->packed + (row - lane) * (words + 2u) + lane;
    int32_t sum = (int32_t)packed[words * lanes];
    for (uint32_t i = 0; i < layer->inputs; i++) {
        sum += weight(packed[i / columns * lanes], i % columns) * input[i];
    }
    return pb_requantise(sum, (int32_t)packed[(words + 1u) * lanes]);
}

/* The layer on a copy of the input, since the output may lie over it. */
static inline void pb_dense_rows_s8(const pb_dense *layer, const int8_t *input, int8_t *output,
                                    int8_t *scratch, uint32_t columns, pb_dense_weight *weight) {
    memcpy(scratch, input, layer->inputs);
    for (uint32_t row = 0; row < layer->outputs; row++) {
        const int32_t value = pb_dense_row(layer, scratch, row, columns, weight);
        output[row] = (int8_t)pb_clamp(value, -127, 127);
    }
}

static inline void pb_dense_rows_s16(const pb_dense *layer, const int8_t *input, int16_t *output,
                                     int8_t *scratch, uint32_t columns, pb_dense_weight *weight) {
    memcpy(scratch, input, layer->inputs);
    for (uint32_t row = 0; row < layer->outputs; row++) {
        const int32_t value = pb_dense_row(layer, scratch, row, columns, weight);
        output[row] = (int16_t)pb_clamp(value, INT16_MIN, INT16_MAX);
    }
}

#endif
