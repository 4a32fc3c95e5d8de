/* One output pixel of a depthwise convolution, four channels at a time, on cores with the DSP
 * extension. */
#ifndef PROOFBOARD_DEPTHWISE_TAPS_H
#define PROOFBOARD_DEPTHWISE_TAPS_H

#include <stdint.h>

/* A tap is a place of the kernel. Taps are taken four by four, as two pairs, and those that are
 * left one by one. */
typedef struct {
    const uint32_t *offsets; /* of each tap's pixel from `window`, modulo 2^32 */
    const uint32_t *fours;   /* where the offsets that are left begin */
    const uint32_t *end;     /* of the offsets */
    const int16_t
        *weights; /* of 4 channels: for each pair 4 words (tap, next tap), channels 0 to 3;
                     for each tap that is left the words of channels (0, 2) and (1, 3) */
    const int32_t *scaling; /* of 4 channels: 4 biases, 4 multipliers */
    uintptr_t window;       /* address that offsets count from */
    int8_t *output;
    uint32_t blocks;    /* of 4 channels */
    uint32_t minus_pad; /* -pad_value in both halves */
} pb_depthwise_taps;

void pb_depthwise_taps_run(const pb_depthwise_taps *taps);

#endif
