"""What can be measured of a recording without knowing what it is: active part, pitch, spectral centroid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_HOP_SECONDS = 0.010
_FRAME_SECONDS = 0.040
#: A frame is active when it is no more than this below the recording's loudest frame ...
ACTIVE_BELOW_LOUDEST_DB = 25.0
#: ... and not below this, relative to full scale.
ACTIVE_FLOOR_DBFS = -60.0
_PITCH_RANGE_HZ = (80.0, 2000.0)
# Normalised autocorrelation of a voiced frame; Boersma's "voicing threshold" in Praat is 0.45.
_VOICED = 0.45
_LAG_STEPS = 8


@dataclass(frozen=True)
class Sound:
    """Measurements of one recording.

    Attributes:
        active_seconds: summed length of the active frames.
        pitch_hz: median over active voiced frames; 0 when none is voiced.
        voiced: share of active frames that are voiced, 0..1.
        centroid_hz: power-weighted mean frequency of the active frames.
        level_dbfs: RMS of the loudest frame, 0 is a full-scale square wave.
    """

    active_seconds: float
    pitch_hz: float
    voiced: float
    centroid_hz: float
    level_dbfs: float


def frame_levels(pcm: NDArray[np.int16], sample_rate: int) -> NDArray[np.float64]:
    """RMS in dBFS of 10 ms frames, [samples // hop]; -inf for digital silence."""
    hop = round(_HOP_SECONDS * sample_rate)
    count = max(1, pcm.size // hop)
    padded = np.zeros(count * hop)
    padded[: min(pcm.size, count * hop)] = pcm[: count * hop]
    power = np.mean((padded.reshape(count, hop) / 32768.0) ** 2, axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(10.0 * np.log10(power))


def active_frames(levels: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which 10 ms frames are part of the sound rather than of the silence around it."""
    return np.asarray(levels > max(float(levels.max()) - ACTIVE_BELOW_LOUDEST_DB, ACTIVE_FLOOR_DBFS))


def measure(pcm: NDArray[np.int16], sample_rate: int) -> Sound:
    """Measure a recording (int16 [samples])."""
    levels = frame_levels(pcm, sample_rate)
    active = active_frames(levels)
    frames = _frames_at(pcm, np.flatnonzero(active) * round(_HOP_SECONDS * sample_rate), sample_rate)
    if frames.shape[0] == 0:
        return Sound(0.0, 0.0, 0.0, 0.0, float(levels.max()))
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)) ** 2
    bins = np.fft.rfftfreq(frames.shape[1], 1.0 / sample_rate)
    pitch, clarity = _pitch(frames, sample_rate)
    voiced = clarity >= _VOICED
    return Sound(
        active_seconds=float(active.sum()) * _HOP_SECONDS,
        pitch_hz=float(np.median(pitch[voiced])) if voiced.any() else 0.0,
        voiced=float(voiced.mean()),
        centroid_hz=float((power.sum(axis=0) @ bins) / max(power.sum(), 1e-12)),
        level_dbfs=float(levels.max()),
    )


def _frames_at(pcm: NDArray[np.int16], starts: NDArray[np.intp], sample_rate: int) -> NDArray[np.float64]:
    """Frames of 40 ms that begin at `starts`, float64 [frames, samples], each without its mean."""
    length = round(_FRAME_SECONDS * sample_rate)
    padded = np.concatenate([pcm.astype(np.float64), np.zeros(length)])
    frames = sliding_window_view(padded, length)[starts]
    return np.asarray(frames - frames.mean(axis=1, keepdims=True))


def _pitch(frames: NDArray[np.float64], sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pitch in Hz and normalised autocorrelation at it, [frames] each.

    The autocorrelation of the windowed frame is divided by that of the window (Boersma 1993, "Accurate short-term
    analysis of the fundamental frequency"), and the shortest lag within 10 % of the best one is taken, which keeps
    octave errors down.
    """
    length = frames.shape[1]
    window = np.hanning(length)
    fine_rate = _LAG_STEPS * sample_rate
    shortest, longest = (round(fine_rate / frequency) for frequency in reversed(_PITCH_RANGE_HZ))
    longest = min(longest, _LAG_STEPS * length // 2)
    correlation = _autocorrelation(frames * window, longest)
    correlation /= _autocorrelation(window[None, :], longest)
    candidates = correlation[:, shortest : longest + 1]
    peaks = np.zeros_like(candidates, dtype=bool)
    peaks[:, 1:-1] = (candidates[:, 1:-1] >= candidates[:, :-2]) & (candidates[:, 1:-1] > candidates[:, 2:])
    heights = np.where(peaks, candidates, 0.0)
    best = heights.max(axis=1)
    lag = shortest + np.argmax(heights >= 0.9 * np.maximum(best, 1e-9)[:, None], axis=1)
    return fine_rate / lag, best


def _autocorrelation(signals: NDArray[np.float64], longest: int) -> NDArray[np.float64]:
    """Autocorrelation over that at lag 0, in `_LAG_STEPS` steps a sample up to step `longest`, [signals, longest + 1].

    The inverse transform is longer than the forward one, which interpolates: whole samples are too coarse a lag for
    a high scream, whose period is 11 to 25 of them, and would make an octave error of it.
    """
    size = 1 << (signals.shape[1] + longest // _LAG_STEPS).bit_length()
    power = np.abs(np.fft.rfft(signals, size, axis=1)) ** 2
    correlation = np.fft.irfft(power, _LAG_STEPS * size, axis=1)[:, : longest + 1]
    return np.asarray(correlation / np.maximum(correlation[:, :1], 1e-12))
