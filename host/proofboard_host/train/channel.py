"""The way from a source to a file: background, room, microphone and codec, level. The same for every class.

A channel that went with the label would teach the network the channel; so nothing here knows labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

Float32 = npt.NDArray[np.float32]

_SILENT = 1e-5  # RMS below which a window counts as silence: −100 dB of full scale


@dataclass(frozen=True)
class ChannelRanges:
    """Ranges that a channel is drawn from, uniform unless told; shares are probabilities.

    Attributes:
        snr: dB of the active sound over the recorded background.
        floor: dB of the sound over the noise of the microphone (there is no digital silence in a phone).
        rt60: seconds until the reverberation has fallen by 60 dB.
        direct: dB of direct sound over all reverberant energy.
        tilt: dB per octave around 1 kHz: distance, cloth, cheap microphones.
        peak: dB of the largest sample over full scale; above 0 it clips as a phone does.
    """

    background_share: float = 0.6
    snr: tuple[float, float] = (0.0, 20.0)
    floor: tuple[float, float] = (20.0, 60.0)
    room_share: float = 0.6
    rt60: tuple[float, float] = (0.15, 0.7)
    direct: tuple[float, float] = (-8.0, 12.0)
    tilt: tuple[float, float] = (-3.0, 3.0)
    band_share: float = 0.3
    band_low: tuple[float, float] = (100.0, 400.0)
    band_high: tuple[float, float] = (3200.0, 6000.0)
    drive_share: float = 0.25
    peak: tuple[float, float] = (-30.0, 6.0)


def pass_channel(
    windows: Float32,
    rng: np.random.Generator,
    backgrounds: npt.NDArray[np.int16],
    sample_rate: int,
    ranges: ChannelRanges,
) -> npt.NDArray[np.int16]:
    """Send windows [n, samples] (full scale is ±1) through a channel each, drawn from `ranges`.

    Args:
        backgrounds: int16 [m, samples]; may be empty, then only noise is added.
        sample_rate: Hz.
    """
    mixed = _add_background(windows, rng, backgrounds, ranges)
    heard = _filter(mixed, rng, sample_rate, ranges)
    return _set_level(heard, rng, ranges)


def room_responses(
    count: int, length: int, rng: np.random.Generator, sample_rate: int, ranges: ChannelRanges
) -> Float32:
    """Impulse responses [count, length]: a direct impulse, then noise whose energy decays by 60 dB in RT60.

    Source: J. A. Moorer, "About this reverberation business", Computer Music Journal 3 (1979): a good hall's tail
    is exponentially decaying white noise.
    """
    time = np.arange(length, dtype=np.float32) / sample_rate
    rt60 = rng.uniform(*ranges.rt60, (count, 1)).astype(np.float32)
    tail = rng.standard_normal((count, length), np.float32) * np.exp(-np.float32(3 * np.log(10)) * time / rt60)
    tail[:, 0] = 0
    tail /= np.sqrt(np.square(tail).sum(axis=1, keepdims=True))
    tail *= _gain(-rng.uniform(*ranges.direct, (count, 1)))
    tail[:, 0] = 1
    return tail


def _add_background(
    windows: Float32, rng: np.random.Generator, backgrounds: npt.NDArray[np.int16], ranges: ChannelRanges
) -> Float32:
    count, samples = windows.shape
    level = np.maximum(_rms(windows), _SILENT)
    noise = rng.standard_normal((count, samples), np.float32)
    # Half of the floors are brown-ish: rooms hum more than they hiss.
    dark = rng.random(count) < 0.5
    hum = np.cumsum(noise[dark], axis=1)
    noise[dark] = hum - hum.mean(axis=1, keepdims=True)
    mixed = windows + noise / _rms(noise) * level * _gain(-rng.uniform(*ranges.floor, (count, 1)))
    if len(backgrounds):
        chosen = backgrounds[rng.integers(0, len(backgrounds), count)].astype(np.float32) / 32768
        loud = _rms(chosen)
        gain = level / np.maximum(loud, _SILENT) * _gain(-rng.uniform(*ranges.snr, (count, 1)))
        gain *= (rng.random((count, 1)) < ranges.background_share) & (loud > _SILENT)
        mixed += chosen * gain.astype(np.float32)
    return np.asarray(mixed, np.float32)


def _filter(windows: Float32, rng: np.random.Generator, sample_rate: int, ranges: ChannelRanges) -> Float32:
    """Room, tilt and band in one product of spectra."""
    count, samples = windows.shape
    tail = int(ranges.rt60[1] * sample_rate)
    size = fft.next_fast_len(samples + tail, real=True)
    spectrum = fft.rfft(windows, size, axis=1)
    roomy = np.flatnonzero(rng.random(count) < ranges.room_share)
    spectrum[roomy] *= fft.rfft(room_responses(len(roomy), tail, rng, sample_rate, ranges), size, axis=1)
    frequency = np.maximum(np.arange(spectrum.shape[1]) * (sample_rate / size), 20.0)
    octaves = np.log2(frequency / 1000)[None, :].astype(np.float32)
    response = _gain(octaves * rng.uniform(*ranges.tilt, (count, 1)).astype(np.float32))
    narrow = rng.random((count, 1)) < ranges.band_share
    low = np.where(narrow, log_uniform(rng, ranges.band_low, count)[:, None], 1.0)
    high = np.where(narrow, log_uniform(rng, ranges.band_high, count)[:, None], float(sample_rate))
    frequency = frequency.astype(np.float32)
    response *= _butterworth(low.astype(np.float32) / frequency) * _butterworth(frequency / high.astype(np.float32))
    return np.asarray(fft.irfft(spectrum * response, size, axis=1)[:, :samples], np.float32)


def _butterworth(ratio: Float32) -> Float32:
    """Magnitude of a fourth-order low-pass at `ratio` of its edge."""
    fourth = np.square(np.square(ratio))
    return np.asarray(1 / np.sqrt(1 + np.square(fourth)), np.float32)


def _set_level(windows: Float32, rng: np.random.Generator, ranges: ChannelRanges) -> npt.NDArray[np.int16]:
    peak = np.abs(windows).max(axis=1, keepdims=True)
    scaled = windows / np.maximum(peak, 1e-9)
    driven = rng.random((len(windows), 1)) < ranges.drive_share
    drive = rng.uniform(1.0, 4.0, (len(windows), 1)).astype(np.float32)
    scaled = np.where(driven, np.tanh(drive * scaled) / np.tanh(drive), scaled)
    scaled = scaled * _gain(rng.uniform(*ranges.peak, (len(windows), 1)))
    return np.asarray(np.clip(np.rint(scaled * 32768), -32768, 32767), np.int16)


def _rms(windows: Float32) -> Float32:
    return np.asarray(np.sqrt(np.square(windows).mean(axis=1, keepdims=True)), np.float32)


def _gain(decibel: npt.NDArray[np.floating]) -> Float32:
    return np.exp(np.asarray(decibel, np.float32) * np.float32(np.log(10) / 20))


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float], count: int) -> npt.NDArray[np.float64]:
    """`count` draws whose logarithm is uniform between `bounds`, both > 0."""
    return np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]), count))
