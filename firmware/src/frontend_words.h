/* Two int16 in one word, the lower half first: the DSP extension's names for what is done to them.
 * Only included where the compiler has the extension. */
#ifndef PROOFBOARD_FRONTEND_WORDS_H
#define PROOFBOARD_FRONTEND_WORDS_H

#include <arm_acle.h>

#include "frontend_stages.h"

/* Sound may begin at an odd sample; bins and tables are words anyway. */
static inline int16x2_t pb_word_at(const int16_t *pair) {
    int16x2_t word;
    __builtin_memcpy(&word, pair, sizeof word);
    return word;
}

static inline int16x2_t pb_complex_at(const pb_complex16 *value) {
    return pb_word_at(&value->re);
}

/* The upper halves of re and im, im above re. */
static inline int16x2_t pb_upper_halves(int32_t re, int32_t im) {
    int16x2_t word;
    __asm("pkhtb %0, %1, %2, asr #16" : "=r"(word) : "r"(im), "r"(re));
    return word;
}

#endif
