#include "conv_source.h"

void pb_conv_s8_run(const pb_conv *layer, const int8_t *input, int8_t *output, void *scratch) {
    const uint32_t pixels = (uint32_t)layer->window.output_height * layer->window.output_width;
    pb_conv_engine_run(&layer->filters, &pb_conv_storage_s8, pixels, pb_conv_source_patch, layer,
                       input, output, scratch);
}
