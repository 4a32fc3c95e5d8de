/* The class: index of the first largest logit. */
#ifndef PROOFBOARD_ARGMAX_H
#define PROOFBOARD_ARGMAX_H

#include <stdint.h>

uint32_t pb_argmax_s32(const int32_t *logits, uint32_t size);
uint32_t pb_argmax_f32(const float *logits, uint32_t size);

#endif
