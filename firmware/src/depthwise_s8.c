#include "conv_output.h"
#include "depthwise_blocks.h"

#if !defined(__ARM_FEATURE_DSP)
uint32_t pb_depthwise_blocks_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                                 void *scratch) {
    (void)layer, (void)input, (void)output, (void)scratch;
    return 0;
}
#endif

/* The part of a window that lies in the image. */
typedef struct {
    const int8_t *from;     /* its first pixel */
    const int8_t *weights;  /* the weights of that pixel */
    uint32_t rows, columns; /* of it */
} part;

static part clip(const pb_depthwise *layer, const int8_t *input, int32_t row, int32_t column) {
    const pb_conv_window *const window = &layer->window;
    const int32_t y = row * window->stride_vertical - window->top;
    const int32_t x = column * window->stride_horizontal - window->left;
    const int32_t above = y < 0 ? -y : 0, before = x < 0 ? -x : 0;
    const int32_t height = window->input_height - y, width = window->input_width - x;
    const int32_t below = height < window->kernel_height ? height : window->kernel_height;
    const int32_t after = width < window->kernel_width ? width : window->kernel_width;
    return (part){
        input + ((y + above) * window->input_width + x + before) * window->channels,
        (const int8_t *)layer->weights + (above * window->kernel_width + before) * window->channels,
        (uint32_t)(below - above),
        (uint32_t)(after - before),
    };
}

static int8_t convolve(const pb_depthwise *layer, part of, uint32_t channel) {
    const pb_conv_window *const window = &layer->window;
    const int32_t *const scaling = layer->scaling + 8 * (channel / 4) + channel % 4;
    int32_t sum = scaling[0];
    for (uint32_t row = 0; row < of.rows; row++) {
        for (uint32_t i = 0; i < of.columns; i++) {
            const uint32_t at = i * window->channels + channel;
            sum += of.weights[at] * (of.from[at] - layer->pad_value);
        }
        of.from += (uint32_t)window->input_width * window->channels;
        of.weights += (uint32_t)window->kernel_width * window->channels;
    }
    return pb_conv_output(sum, scaling[4]);
}

void pb_depthwise_s8_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                         void *scratch) {
    const pb_conv_window *const window = &layer->window;
    const uint32_t done = pb_depthwise_blocks_run(layer, input, output, scratch);
    if (done == window->channels) {
        return;
    }
    for (int32_t y = 0; y < window->output_height; y++) {
        for (int32_t x = 0; x < window->output_width; x++, output += window->channels) {
            const part of = clip(layer, input, y, x);
            for (uint32_t channel = done; channel < window->channels; channel++) {
                output[channel] = convolve(layer, of, channel);
            }
        }
    }
}
