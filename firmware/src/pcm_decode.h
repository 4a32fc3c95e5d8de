/* The lossless code of PCM on the wire: prediction, then blocks of packed residuals. */
#ifndef PROOFBOARD_PCM_DECODE_H
#define PROOFBOARD_PCM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define PB_CODE_BLOCK 20u     /* samples that share a width */
#define PB_CODE_MAX_WIDTH 19u /* bits of the largest residual of second order, zigzag */

#define PB_CODE_RAW 3u /* instead of an order: int16 samples, little-endian */

/* `coded` is order:u8, then bits, least significant first: per block of up to PB_CODE_BLOCK samples
 * a width of 5 bits and that many bits a residual. A residual r comes as 2r, or as -2r - 1 if
 * negative. Order 0: x = r; 1: x = x1 + r; 2: x = 2 x1 - x2 + r; samples before the first are 0.
 * True if exactly `count` samples, all int16, come out of exactly `size` bytes; otherwise `samples`
 * holds nothing of use, but nothing outside its `count` elements was written. */
bool pb_pcm_decode(const uint8_t *coded, uint32_t size, int16_t *samples, uint32_t count);

#endif
