/* The zeros before each weight as a Rice code: ones for the high part, a zero, `shift` low bits. */
#include "sparse_weights.h"

static uint32_t bit_at(const uint8_t *bits, uint32_t place) {
    return ((uint32_t)bits[place >> 3] >> (place & 7u)) & 1u;
}

void sparse_rice_add(const struct sparse_weights *weights, const int8_t *input, int32_t *sums) {
    uint32_t column = 0;
    uint32_t place = 0;
    for (uint32_t n = 0; n < weights->count; n++) {
        while (bit_at(weights->places, place++) != 0) {
            column += 1u << weights->shift;
        }
        for (uint32_t low = 0; low < weights->shift; low++) {
            column += bit_at(weights->places, place++) << low;
        }
        while (column >= weights->inputs) {
            column -= weights->inputs;
            sums++;
        }
        *sums += weights->values[n] * input[column];
        column++;
    }
}
