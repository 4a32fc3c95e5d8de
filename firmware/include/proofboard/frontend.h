/* The integer front end: 16-bit sound to log-mel features. docs/frontend.md specifies every
 * rounding. */
#ifndef PROOFBOARD_FRONTEND_H
#define PROOFBOARD_FRONTEND_H

#include <stdint.h>

#include "proofboard/status.h"

/* The longest frame that a scratch has room for; an application may define it smaller. */
#ifndef PB_FRONTEND_MAX_FRAME
#define PB_FRONTEND_MAX_FRAME 1024
#endif

/* A complex number, Q15 or the spectrum's unit. Its magnitude is under 2^15. */
typedef struct {
    int16_t re;
    int16_t im;
} pb_complex16;

/* One front end: written by the generator, constant, lives as long as the image.
 * N = frame / 2 complex points; twiddles are negated, (-cos, -sin), since int16 holds no +1. */
typedef struct {
    uint16_t frame;               /* samples; 128, 256, 512 or 1024 */
    uint16_t hop;                 /* samples; 1..frame */
    uint16_t mel_bands;           /* 1..64 */
    uint16_t first_radix;         /* 4, or 2 where N is no power of 4 */
    int16_t window_peak;          /* Q15 */
    int16_t floor;                /* the least feature */
    const int16_t *window;        /* [N], Q15; the second half is window_peak - window */
    const uint8_t *order;         /* [N / first_radix], digit reversal */
    const pb_complex16 *twiddles; /* [butterflies of all radix-4 stages][3], Q15 */
    const pb_complex16 *split;    /* [N / 2], Q15, for bins 1..N/2 */
    const uint16_t *mel_start;    /* [mel_bands], first bin */
    const uint16_t *mel_length;   /* [mel_bands], bins */
    const uint16_t *mel_weights;  /* [sum of mel_length], 0..32767 */
    const int32_t *mel_offset;    /* [mel_bands], Q15 of log2 */
    const uint16_t *log_table;    /* [33], Q15, log2(1 + i/32) */
} pb_frontend;

/* A bin of the spectrum: complex first, its power (under 2^31) in the end. */
typedef union {
    pb_complex16 z;
    uint32_t power;
} pb_bin;

/* Working memory of one frame, owned by the caller; holds nothing between calls. */
typedef struct {
    pb_bin bins[PB_FRONTEND_MAX_FRAME / 2 + 1];
} pb_frontend_scratch;

extern const pb_frontend pb_generated_frontend;

/* Whole frames in that many samples; 0 if there is none. */
uint32_t pb_frontend_frames(const pb_frontend *frontend, uint32_t samples);

/* pcm: int16 [frame], any values; features: int16 [mel_bands], log2 of the power in each band with
 * 8 fraction bits: white noise of variance v LSB^2 reads 256 log2(v). The arrays are the caller's
 * and don't overlap. The frame must not be longer than PB_FRONTEND_MAX_FRAME. */
void pb_frontend_frame(const pb_frontend *frontend, const int16_t *pcm, int16_t *features,
                       pb_frontend_scratch *scratch);

/* pcm: int16 [samples]; features: int16 [frames][mel_bands], frames as pb_frontend_frames says.
 * PB_BAD_ARGUMENT, with nothing written, if a pointer is null, samples hold no whole frame, or the
 * frame is longer than the scratch allows. */
pb_status pb_frontend_run(const pb_frontend *frontend, const int16_t *pcm, uint32_t samples,
                          int16_t *features, pb_frontend_scratch *scratch);

#endif
