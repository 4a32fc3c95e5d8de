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
    int16_t *to = wide;
    const int8_t *one = first, *other = second;
    for (uint32_t quads = inputs / 4; quads > 0; quads--, to += 8, one += 4, other += 4) {
        const int8x4_t word = pb_lanes_load(one), other_word = pb_lanes_load(other);
        pb_lanes_put(to, pb_lanes_even(word));
        pb_lanes_put(to + 2, pb_lanes_even(other_word));
        pb_lanes_put(to + 4, pb_lanes_odd(word));
        pb_lanes_put(to + 6, pb_lanes_odd(other_word));
    }
    i = inputs & ~3u;
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
