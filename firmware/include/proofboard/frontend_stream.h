/* The front end on sound without end: every frame is computed once, as soon as its last sample is
 * there. Only linked where it is used.
 *
 *     while (pb_frontend_stream_take(&stream, &samples, &count)) {
 *         if (pb_frontend_stream_window(&stream, features)) {
 *             ... features are those of pb_frontend_run on the window that ends here
 *         }
 *     }
 */
#ifndef PROOFBOARD_FRONTEND_STREAM_H
#define PROOFBOARD_FRONTEND_STREAM_H

#include "proofboard/frontend.h"

/* The caller sets the first five, and owns what they point at. */
typedef struct {
    const pb_frontend *frontend;
    int16_t *pcm;    /* [frame], the samples of the frame to come */
    pb_bin *bins;    /* [frame / 2], working memory of pb_frontend_frame */
    int16_t *rows;   /* [frames][mel_bands], a ring of the last frames' features */
    uint32_t frames; /* of a window, at least 1 */
    uint32_t held;   /* samples in pcm */
    uint32_t gap;    /* samples to let go before the next that counts */
    uint32_t next;   /* row of the ring to write, the oldest one if it is full */
    uint32_t filled; /* rows written, up to frames */
} pb_frontend_stream;

/* Before the first sample: the first frame begins after the front end's skip. */
void pb_frontend_stream_start(pb_frontend_stream *stream);

/* Takes samples until a frame is complete: then 1, with its features in the ring, and 0 when the
 * samples ran out. *samples and *count move past what was taken. At most one frame is computed. */
int pb_frontend_stream_take(pb_frontend_stream *stream, const int16_t **samples, uint32_t *count);

/* The last frames, oldest first, to features [frames][mel_bands]. 0, with nothing written, while
 * there are not as many. */
int pb_frontend_stream_window(const pb_frontend_stream *stream, int16_t *features);

#endif
