#include "dense_s8_row.h"

void pb_dense_s8_s16_run(const pb_dense_s8 *layer, const int8_t *input, int16_t *output) {
    for (uint32_t row = 0; row < layer->outputs; row++) {
        output[row] = (int16_t)pb_dense_s8_row(layer, row, input);
    }
}
