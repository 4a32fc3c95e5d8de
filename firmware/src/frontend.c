/* Frames of a clip through the stages of the front end. */
#include "frontend_stages.h"

#include <stddef.h>

uint32_t pb_frontend_frames(const pb_frontend *frontend, uint32_t samples) {
    const uint32_t least = (uint32_t)frontend->skip + frontend->frame;
    if (samples < least) {
        return 0u;
    }
    const uint32_t frames = 1u + (samples - least) / frontend->hop;
    return frames < frontend->frame_limit ? frames : frontend->frame_limit;
}

void pb_frontend_frame(const pb_frontend *frontend, const int16_t *pcm, int16_t *features,
                       pb_bin *bins) {
    const uint32_t shift = pb_frontend_shift(frontend, pcm);
    pb_frontend_window(frontend, pcm, shift, bins);
    pb_frontend_fft(frontend, bins);
    pb_frontend_power(frontend, bins);
    pb_frontend_mel(frontend, bins, shift, features);
}

pb_status pb_frontend_run(const pb_frontend *frontend, const int16_t *pcm, uint32_t samples,
                          int16_t *features, pb_bin *bins) {
    if (frontend == NULL || pcm == NULL || features == NULL || bins == NULL) {
        return PB_BAD_ARGUMENT;
    }
    const uint32_t frames = pb_frontend_frames(frontend, samples);
    if (frames == 0u) {
        return PB_BAD_ARGUMENT;
    }
    pcm += frontend->skip;
    for (uint32_t frame = 0; frame < frames; frame++) {
        pb_frontend_frame(frontend, pcm + frame * frontend->hop,
                          features + frame * frontend->mel_bands, bins);
    }
    return PB_OK;
}
