/* The integer front end: 16-bit sound to log-mel features. docs/frontend.md specifies every
 * rounding. */
#ifndef PROOFBOARD_FRONTEND_H
#define PROOFBOARD_FRONTEND_H

#include <stdint.h>

#include "proofboard/status.h"

/* A complex number, Q15 or the spectrum's unit. Its magnitude is under 2^15. */
typedef struct {
    int16_t re;
    int16_t im;
} pb_complex16;

/* The bins between the centres of two neighbouring mel bands. The lower band's weight falls on a
 * straight line to `last` by `step` a bin; the upper band has what it lacks to PB_MEL_PEAK. */
typedef struct {
    uint32_t length; /* bins, may be 0 */
    uint32_t last;   /* 0..PB_MEL_PEAK */
    uint32_t step;   /* last + (length - 1) * step <= PB_MEL_PEAK */
} pb_mel_segment;

#define PB_MEL_PEAK_BITS 20
#define PB_MEL_PEAK (UINT32_C(1) << PB_MEL_PEAK_BITS)

/* Neighbouring mel bands: bands + 1 segments that follow each other from first_bin on. */
typedef struct {
    uint32_t first_bin;
    uint32_t bands;
} pb_mel_run;

/* One front end: written by the generator, constant, lives as long as the image.
 * N = frame / 2 complex points; twiddles are negated, (-cos, -sin), since int16 holds no +1. */
typedef struct {
    uint16_t frame;               /* samples; 128, 256, 512 or 1024 */
    uint16_t hop;                 /* samples; 1..65535 */
    uint16_t skip;                /* samples before the first frame */
    uint16_t frame_limit;         /* the most frames */
    uint16_t mel_bands;           /* 1..64 */
    uint16_t first_radix;         /* 4, or 2 where N is no power of 4 */
    int16_t window_peak;          /* Q15 */
    int16_t floor;                /* the least feature */
    uint16_t first_pair;          /* 1..N/2, the least k of the pairs of bins (k, N - k) in use */
    uint16_t pairs;               /* first_pair + pairs - 1 <= N/2 */
    uint16_t runs;                /* of mel bands */
    const int16_t *window;        /* [N], Q15; the second half is window_peak - window */
    const uint8_t *order;         /* [N / first_radix], digit reversal */
    const pb_complex16 *twiddles; /* [N / 4][3], Q15, of the last radix-4 stage */
    const pb_complex16 *split;    /* [pairs], Q16, ((1 - sin) / 2, cos / 2) */
    const pb_mel_run *mel_runs;   /* [runs], rising, their bands add up to mel_bands */
    const pb_mel_segment *mel_segments; /* [mel_bands + runs], run after run */
    const int32_t *mel_offset;          /* [mel_bands], Q15 of log2 */
    const uint32_t *log_table;          /* [32], log2(1 + i/32), Q15, above twice its rise */
} pb_frontend;

/* A bin of the spectrum: complex first, its power (under 2^31) in the end. */
typedef union {
    pb_complex16 z;
    uint32_t power;
} pb_bin;

extern const pb_frontend pb_generated_frontend;

/* [frame / 2], working memory for pb_generated_frontend. */
extern pb_bin pb_generated_bins[];

/* Whole frames in that many samples, frame_limit at the most; 0 if there is none. */
uint32_t pb_frontend_frames(const pb_frontend *frontend, uint32_t samples);

/* pcm: int16 [frame], any values; features: int16 [mel_bands], log2 of the power in each band with
 * 8 fraction bits: white noise of variance v LSB^2 reads 256 log2(v). bins: [frame / 2], working
 * memory that holds nothing between calls. The arrays are the caller's and don't overlap. */
void pb_frontend_frame(const pb_frontend *frontend, const int16_t *pcm, int16_t *features,
                       pb_bin *bins);

/* pcm: int16 [samples]; features: int16 [frames][mel_bands], frames as pb_frontend_frames says;
 * bins: [frame / 2], working memory. PB_BAD_ARGUMENT, with nothing written, if a pointer is null or
 * samples hold no whole frame. */
pb_status pb_frontend_run(const pb_frontend *frontend, const int16_t *pcm, uint32_t samples,
                          int16_t *features, pb_bin *bins);

#endif
