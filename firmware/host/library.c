/* The front end and the network as a host library: the rung of the ladder between the integer
 * reference and a simulator. */
#include "generated_sizes.h"
#include "proofboard/frontend.h"
#include "proofboard/network.h"
#include <string.h>

/* Where one run leaves what it computed; `values` holds the layers one after the other. */
typedef struct {
    uint8_t *values;
    uint32_t capacity;
    uint32_t size;
} layer_log;

static void append_layer(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    layer_log *log = context;
    (void)layer;
    if (bytes <= log->capacity - log->size) {
        memcpy(log->values + log->size, values, bytes);
        log->size += bytes;
    }
}

/* pcm: int16 [clips][PB_GENERATED_WINDOW]; features: int16 [clips][PB_GENERATED_FEATURES];
 * words: int32 [clips][logits]; classes: uint32 [clips]; layers: [clips][layer_bytes], the output
 * of every operator. Returns 0, or the front end's status. */
int pb_host_run(const int16_t *pcm, uint32_t clips, int16_t *features, int32_t *words,
                uint32_t *classes, uint8_t *layers, uint32_t layer_bytes);

int pb_host_run(const int16_t *pcm, uint32_t clips, int16_t *features, int32_t *words,
                uint32_t *classes, uint8_t *layers, uint32_t layer_bytes) {
    for (uint32_t clip = 0; clip < clips; clip++) {
        layer_log log = {layers + (size_t)clip * layer_bytes, layer_bytes, 0};
        int16_t *row = features + (size_t)clip * PB_GENERATED_FEATURES;
        const pb_status status =
            pb_frontend_run(&pb_generated_frontend, pcm + (size_t)clip * PB_GENERATED_WINDOW,
                            PB_GENERATED_WINDOW, row, pb_generated_bins);
        if (status != PB_OK) {
            return (int)status;
        }
        classes[clip] = pb_generated_network_run(
            row, words + (size_t)clip * pb_generated_network.logits, append_layer, &log);
    }
    return 0;
}
