#include "proofboard/add.h"
#include "proofboard/requantise.h"

void pb_add_s8_run(const pb_add *layer, const int8_t *x, const int8_t *y, int8_t *output) {
    for (uint32_t i = 0; i < layer->size; i++) {
        const int32_t sum = x[i] * layer->first + y[i] * layer->second + layer->bias;
        output[i] = (int8_t)pb_clamp(sum >> layer->shift, -127, 127);
    }
}
