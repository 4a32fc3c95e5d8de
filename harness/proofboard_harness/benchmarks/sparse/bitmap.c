/* One bit a weight: set where it is not 0. */
#include "sparse_weights.h"

void sparse_bitmap_add(const struct sparse_weights *weights, const int8_t *input, int32_t *sums) {
    uint32_t column = 0;
    uint32_t place = 0;
    for (uint32_t n = 0; n < weights->count; place++, column++) {
        if (column == weights->inputs) {
            column = 0;
            sums++;
        }
        if ((weights->places[place >> 3] >> (place & 7u)) & 1u) {
            *sums += weights->values[n] * input[column];
            n++;
        }
    }
}
