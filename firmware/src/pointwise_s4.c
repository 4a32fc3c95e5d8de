#include "pointwise_source.h"
#include "proofboard/pointwise.h"

void pb_pointwise_s4_run(const pb_pointwise *layer, const int8_t *input, int8_t *output,
                         void *scratch) {
    pb_conv_engine_run(&layer->filters, &pb_conv_storage_s4, layer->pixels, pb_pointwise_source,
                       layer, input, output, scratch);
}
