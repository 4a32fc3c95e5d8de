#include "proofboard/argmax.h"

uint32_t pb_argmax_s32(const int32_t *logits, uint32_t size) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < size; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    return best;
}
