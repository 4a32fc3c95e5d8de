/*
 * Sparse int8 weights of a fully connected layer: what others' pruning needs to be run from flash.
 *
 * For `bench compression` alone: no image of ours holds this. Whoever calls owns all memory;
 * nothing is written but the sums.
 */
#ifndef PB_BENCH_SPARSE_WEIGHTS_H
#define PB_BENCH_SPARSE_WEIGHTS_H

#include <stdint.h>

/* `count` weights that are not 0, row by row, and where they lie. */
struct sparse_weights {
    const uint8_t *places; /* lowest bit first: a bitmap, or Rice codes of the zeros before each */
    const int8_t *values;  /* [count], -127..127 */
    uint32_t count;
    uint32_t inputs; /* 1..65535, columns of a row */
    uint32_t shift;  /* 0..15, low bits of a Rice code; not read for a bitmap */
};

/*
 * sums[row] += weight * input[column] for every weight.
 *
 * input [inputs], -127..127; sums [outputs]. A sum grows by 127 * 127 * inputs at most, under 2^30:
 * the caller starts it with a bias that leaves so much room.
 */
void sparse_bitmap_add(const struct sparse_weights *weights, const int8_t *input, int32_t *sums);
void sparse_rice_add(const struct sparse_weights *weights, const int8_t *input, int32_t *sums);

#endif
