#include "conv_product.h"

/* Where value i of the first patch goes; the second patch is 2 further. */
static uint32_t place(uint32_t i) {
    return 8 * (i / 4) + 4 * (i & 1) + (i & 2) / 2;
}

void pb_conv_product_patches(const int8_t *first, const int8_t *second, uint32_t inputs,
                             int16_t *wide) {
    for (uint32_t i = 0; i < inputs; i++) {
        wide[place(i)] = first[i];
        wide[place(i) + 2] = second[i];
    }
    for (uint32_t i = inputs; i % 4 != 0; i++) {
        wide[place(i)] = 0;
        wide[place(i) + 2] = 0;
    }
}
