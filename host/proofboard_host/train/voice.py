"""Change of pitch, speed and length of recorded voices: granular overlap-add on a batch of windows.

A grain reads the recording at `rate` (pitch and formants move together, as in a smaller vocal tract); the grains'
starting points walk at `scan`. Where scan equals rate neighbouring grains read the very same samples and the result
is a plain resampling; where scan is slower the sound is stretched, and reflected at the ends of its active part so
that it goes on for as long as wanted.

Source of the method: C. Roads, "Microsound", MIT Press 2001, chapter 3 (granular time and pitch change).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

Float32 = npt.NDArray[np.float32]
Int64 = npt.NDArray[np.int64]

ENVELOPE_STEP = 320  # samples: 20 ms at 16 kHz, several periods of any voice


@dataclass(frozen=True)
class VoiceChange:
    """What is done to each of n windows; every array is [n].

    Attributes:
        rate: frequency factor, > 0; 2 is one octave up.
        scan: samples of the recording passed per output sample; equal to `rate` for plain resampling.
        sustained: True where the active part is repeated (mirrored) until the window is full; else zeros follow it.
        grain: grain length in samples, ≥ 2.
        delay: samples of silence before a sound that is not sustained; for a sustained one the phase in its walk.
    """

    rate: Float32
    scan: Float32
    sustained: npt.NDArray[np.bool_]
    grain: Int64
    delay: Int64


def active_part(windows: Float32, threshold: float = 0.25) -> tuple[Int64, Int64]:
    """First and past-the-last sample of the loudest contiguous stretch of each window.

    Args:
        windows: [n, samples].
        threshold: of the largest 20 ms RMS, below which the stretch ends.
    """
    count = windows.shape[1] // ENVELOPE_STEP
    frames = windows[:, : count * ENVELOPE_STEP].reshape(len(windows), count, ENVELOPE_STEP)
    envelope = np.sqrt(np.square(frames).mean(axis=2))
    peak = envelope.argmax(axis=1)
    loud = envelope >= threshold * envelope.max(axis=1, keepdims=True)
    index = np.arange(count)
    # The nearest quiet frame on either side of the loudest one bounds the stretch.
    before = np.where(~loud & (index < peak[:, None]), index, -1).max(axis=1)
    after = np.where(~loud & (index > peak[:, None]), index, count).min(axis=1)
    return (before + 1) * ENVELOPE_STEP, after * ENVELOPE_STEP


def change_voice(windows: Float32, change: VoiceChange) -> Float32:
    """Apply `change` to windows [n, samples]; same shape back."""
    samples = windows.shape[1]
    source = _band_limited(windows, change.rate)
    start, end = active_part(windows)
    # A stretch shorter than a few grains has nothing to walk through: take what surrounds it as well.
    short = end - start < 4 * ENVELOPE_STEP
    start = np.where(short, np.maximum(start - 2 * ENVELOPE_STEP, 0), start)
    end = np.where(short, np.minimum(end + 2 * ENVELOPE_STEP, samples), end)
    time = np.arange(samples, dtype=np.float32)[None, :]
    grain = change.grain[:, None].astype(np.float32)
    mixed = np.zeros(windows.shape, np.float32)
    for phase in (0.0, 0.5):
        position_in_grain = np.mod(time + phase * grain, grain)
        begin = time - position_in_grain
        walk = _walk(begin, change, start, end)
        read = np.asarray(walk + position_in_grain * change.rate[:, None], np.float32)
        weight = np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * position_in_grain / grain), np.float32)
        mixed += np.multiply(weight, _read(source, read), dtype=np.float32)
    return mixed


def _walk(begin: Float32, change: VoiceChange, start: Int64, end: Int64) -> Float32:
    """Where in the recording the grain that begins at output sample `begin` starts to read."""
    delay = change.delay[:, None].astype(np.float32)
    scan = change.scan[:, None]
    straight = (begin - delay) * scan
    length = np.maximum(end - start, 1)[:, None].astype(np.float32)
    folded = np.mod((begin + delay) * scan, 2 * length)
    mirrored = start[:, None] + np.minimum(folded, 2 * length - folded)
    return np.where(change.sustained[:, None], mirrored, straight).astype(np.float32)


def _band_limited(windows: Float32, rate: Float32) -> Float32:
    """Twice oversampled windows without what would fold over after reading at `rate`."""
    samples = windows.shape[1]
    spectrum = fft.rfft(windows, axis=1)
    frequency = np.linspace(0, 1, spectrum.shape[1], dtype=np.float32)[None, :]  # 1 is the Nyquist frequency
    edge = 1 / np.maximum(rate[:, None], 1)
    spectrum *= np.clip((edge - frequency) / 0.02 + 1, 0, 1)
    return np.asarray(2 * fft.irfft(spectrum, 2 * samples, axis=1), np.float32)


def _read(source: Float32, position: Float32) -> Float32:
    """Linear interpolation in the twice oversampled source; outside of it there is silence."""
    limit = source.shape[1] - 2
    scaled = 2 * position
    inside = (scaled >= 0) & (scaled <= limit)
    scaled = np.clip(scaled, 0, limit)
    whole = scaled.astype(np.int32)
    fraction = scaled - whole
    left = np.take_along_axis(source, whole, axis=1)
    right = np.take_along_axis(source, whole + 1, axis=1)
    return np.asarray(np.where(inside, left + fraction * (right - left), 0), np.float32)
