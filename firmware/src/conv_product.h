/* The inner product of a convolution: blocks of 4 rows of weights by two patches. */
#ifndef PROOFBOARD_CONV_PRODUCT_H
#define PROOFBOARD_CONV_PRODUCT_H

#include <stdint.h>

/* weights: as pb_conv_widen leaves them. patches: as pb_conv_product_patches leaves them. 4 bytes
 * after the weights and 8 after the patches are read and ignored. scaling: [blocks][8]. first,
 * second: outputs of the two patches, 4 * blocks bytes each, aligned to 4 bytes. */
typedef struct {
    const int16_t *weights;
    const int16_t *patches;
    const int32_t *scaling;
    int8_t *first;
    int8_t *second;
    uint32_t quads;
    uint32_t blocks;
} pb_conv_product;

void pb_conv_product_run(const pb_conv_product *product);

/* Widens two patches of `inputs` bytes. For each quad: values (0, 2) of the first and of the second
 * patch, then (1, 3) of both; filled up with zeros. */
void pb_conv_product_patches(const int8_t *first, const int8_t *second, uint32_t inputs,
                             int16_t *wide);

#endif
