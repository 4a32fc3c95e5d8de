#include "conv_product.h"
#include "conv_output.h"

#if !defined(__ARM_FEATURE_DSP)

void pb_conv_product_run(const pb_conv_product *product) {
    const uint32_t pairs = 2 * product->quads;
    const int16_t *weights = product->weights;
    const int32_t *scaling = product->scaling;
    for (uint32_t block = 0; block < product->blocks; block++) {
        for (uint32_t row = 0; row < 4; row++) {
            int32_t first = scaling[row], second = scaling[row];
            for (uint32_t pair = 0; pair < pairs; pair++) {
                const int16_t *w = weights + 8 * pair + 2 * row;
                const int16_t *x = product->patches + 4 * pair;
                first += w[0] * x[0] + w[1] * x[1];
                second += w[0] * x[2] + w[1] * x[3];
            }
            product->first[4 * block + row] = pb_conv_output(first, scaling[4 + row]);
            product->second[4 * block + row] = pb_conv_output(second, scaling[4 + row]);
        }
        weights += 8 * pairs;
        scaling += 8;
    }
}

#endif
