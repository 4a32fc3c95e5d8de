#include "conv_lanes.h"
#include "conv_product.h"

/* Where value i of the first patch goes; the second patch is 2 further. */
static uint32_t place(uint32_t i) {
    return 8 * (i / 4) + 4 * (i & 1) + (i & 2) / 2;
}

void pb_conv_product_patches(const int8_t *first, const int8_t *second, uint32_t inputs,
                             int16_t *wide) {
    uint32_t i = 0;
#if defined(__ARM_FEATURE_DSP)
    for (; i + 4 <= inputs; i += 4) {
        const int8x4_t one = pb_lanes_load(first + i), other = pb_lanes_load(second + i);
        pb_lanes_put(wide + 2 * i, pb_lanes_even(one));
        pb_lanes_put(wide + 2 * i + 2, pb_lanes_even(other));
        pb_lanes_put(wide + 2 * i + 4, pb_lanes_odd(one));
        pb_lanes_put(wide + 2 * i + 6, pb_lanes_odd(other));
    }
#endif
    for (; i < inputs; i++) {
        wide[place(i)] = first[i];
        wide[place(i) + 2] = second[i];
    }
    for (; i % 4 != 0; i++) {
        wide[place(i)] = 0;
        wide[place(i) + 2] = 0;
    }
}
