/* A convolution as a product of rows of weights and patches of the image, two patches at a time. */
#ifndef PROOFBOARD_CONV_ENGINE_H
#define PROOFBOARD_CONV_ENGINE_H

#include "proofboard/conv_filters.h"

/* The `inputs` bytes that the filters meet at an output pixel: a place in `input`, or `patch` once
 * they are gathered there. */
typedef const int8_t *(*pb_conv_source)(const void *layer, uint32_t pixel, const int8_t *input,
                                        int8_t *patch);

/* Widens `quads` quads of a block of rows: for each the pairs of weights (0, 2) of row 0 to 3, then
 * the pairs (1, 3). A block begins where the one before it ends. */
typedef void (*pb_conv_widen)(const uint8_t *packed, uint32_t quads, int16_t *wide);

/* A way to store weights. */
typedef struct {
    pb_conv_widen widen;
    uint32_t quad_bytes; /* of 4 rows */
} pb_conv_storage;

extern const pb_conv_storage pb_conv_storage_s8;
extern const pb_conv_storage pb_conv_storage_s4;
extern const pb_conv_storage pb_conv_storage_s2;

/* Runs a whole layer. output: int8 [pixels][outputs]; scratch: see conv_filters.h; behind that, if
 * `source` gathers, two patches of 4 * quads bytes. Aligned to 4 bytes. */
void pb_conv_engine_run(const pb_conv_filters *filters, const pb_conv_storage *storage,
                        uint32_t pixels, pb_conv_source source, const void *layer,
                        const int8_t *input, int8_t *output, void *scratch);

#endif
