#include "conv_engine.h"
#include "conv_product.h"
#include <string.h>

void pb_conv_engine_run(const pb_conv_filters *filters, const pb_conv_storage *storage,
                        uint32_t pixels, pb_conv_source source, const void *layer,
                        const int8_t *input, int8_t *output, void *scratch) {
    const uint32_t quads = (filters->inputs + PB_CONV_DEPTH - 1) / PB_CONV_DEPTH;
    int16_t *const wide = scratch;
    int16_t *const patches = wide + 4 * filters->group * quads;
    int8_t *const staging = (int8_t *)(patches + 8 * quads + 4);
    int8_t *const gathered = staging + 2 * filters->group;
    const uint32_t staged = filters->outputs % PB_CONV_ROWS != 0;
    const uint8_t *packed = filters->weights;
    pb_conv_product product = {.weights = wide, .patches = patches, .quads = quads};
    for (uint32_t done = 0; done < filters->outputs; done += filters->group) {
        const uint32_t left = filters->outputs - done;
        const uint32_t rows = left < filters->group ? left : filters->group;
        product.blocks = (rows + PB_CONV_ROWS - 1) / PB_CONV_ROWS;
        product.scaling = filters->scaling + 2 * done;
        storage->widen(packed, product.blocks * quads, wide);
        packed += product.blocks * quads * storage->quad_bytes;
        for (uint32_t pixel = 0; pixel < pixels; pixel += 2) {
            const uint32_t lonely = pixel + 1 == pixels;
            const int8_t *const first = source(layer, pixel, input, gathered);
            const int8_t *const second =
                lonely ? first : source(layer, pixel + 1, input, gathered + 4 * quads);
            pb_conv_product_patches(first, second, filters->inputs, patches);
            int8_t *const target = output + pixel * filters->outputs + done;
            product.first = staged ? staging : target;
            product.second =
                staged || lonely ? staging + filters->group : target + filters->outputs;
            pb_conv_product_run(&product);
            if (staged) {
                memcpy(target, product.first, rows);
            }
            if (staged && !lonely) {
                memcpy(target + filters->outputs, product.second, rows);
            }
        }
    }
}
