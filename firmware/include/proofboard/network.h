/* What the generator writes: one network, as one function and a few constants. */
#ifndef PROOFBOARD_NETWORK_H
#define PROOFBOARD_NETWORK_H

#include <stdint.h>

#define PB_MODEL_HASH_BYTES 16
#define PB_MAX_LAYERS 16
#define PB_MAX_LOGITS 16

typedef enum {
    PB_LOGITS_S16 = 0, /* words are int16 widened to int32 */
    PB_LOGITS_F32 = 1  /* words are float32 bit patterns */
} pb_logit_kind;

/* Called after each layer with its output; `values` is valid only during the call. */
typedef void (*pb_layer_observer)(void *context, uint32_t layer, const void *values,
                                  uint32_t bytes);

/* model_hash: first bytes of the SHA-256 of the graph. logits and layers stay within PB_MAX_*. */
typedef struct {
    uint8_t model_hash[PB_MODEL_HASH_BYTES];
    uint16_t features;
    uint16_t window; /* samples of PCM */
    uint8_t layers;
    uint8_t logits;
    uint8_t logit_kind; /* pb_logit_kind */
} pb_network;

extern const pb_network pb_generated_network;

/* features: int16 [features]; words: int32 [logits], see pb_logit_kind. Returns the class.
 * observer may be null. Uses one static arena: not reentrant. */
uint32_t pb_generated_network_run(const int16_t *features, int32_t *words,
                                  pb_layer_observer observer, void *context);

#endif
