#include "depthwise_unpack.h"

void pb_depthwise_3x3_s2_run(const pb_depthwise *layer, const int8_t *input, int8_t *output,
                             void *scratch) {
    pb_depthwise wide = *layer;
    void *const rest = pb_depthwise_unpack(&wide, 2, scratch);
    pb_depthwise_3x3_s8_run(&wide, input, output, rest);
}
