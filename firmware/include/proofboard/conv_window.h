/* A window that slides over an image. */
#ifndef PROOFBOARD_CONV_WINDOW_H
#define PROOFBOARD_CONV_WINDOW_H

#include <stdint.h>

/* Images are [height][width][channels]. The window at output (y, x) begins at input
 * (y * stride_vertical - top, x * stride_horizontal - left); top and left are less than the kernel.
 * What lies outside the input is padding. Sizes and strides are 1 or more. */
typedef struct {
    uint16_t input_height;
    uint16_t input_width;
    uint16_t channels;
    uint16_t output_height;
    uint16_t output_width;
    uint16_t kernel_height;
    uint16_t kernel_width;
    uint16_t stride_vertical;
    uint16_t stride_horizontal;
    uint16_t top;
    uint16_t left;
} pb_conv_window;

#endif
