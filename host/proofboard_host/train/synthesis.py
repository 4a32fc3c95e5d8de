"""Purely synthetic sounds: screams as their acoustics are described in public, and alarms that must not pass for them.

Training only, never in a figure of accuracy. A scream is a harmonic stack at 250–1,800 Hz through formants, held or
gliding, with jitter and with the fast amplitude modulation of 30–150 Hz that is heard as roughness and sets screams
apart from other voices (L. H. Arnal et al., "Human screams occupy a privileged niche in the communication soundscape",
Current Biology 25, 2015). An alarm is a tone or a sweep with steady harmonics, without formants and without roughness.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from .channel import log_uniform

Float32 = npt.NDArray[np.float32]

SCREAM_PITCH = (250.0, 1800.0)  # Hz: the 600–1,450 Hz of real screams by phone, men's below, room above
ALARM_PITCH = (350.0, 3500.0)  # Hz: sirens, beepers, whistles
ROUGHNESS = (30.0, 150.0)  # Hz
_KNOTS = 9  # points of a random contour over one window


def screams(count: int, samples: int, rng: np.random.Generator, sample_rate: int) -> npt.NDArray[np.int16]:
    """Synthetic screams, int16 [count, samples], peak at half of full scale."""
    time = np.arange(samples, dtype=np.float32)[None, :] / sample_rate
    contour = _contour(count, samples, rng, spread=0.10)
    arch = -0.25 * rng.random((count, 1)) * np.square(2 * time / time[0, -1] - 1)  # up, then down
    vibrato = 0.02 * rng.random((count, 1)) * np.sin(2 * np.pi * rng.uniform(4, 9, (count, 1)) * time)
    jitter = 0.01 * rng.random((count, 1)) * _contour(count, samples, rng, spread=1.0, knots=120)
    pitch = log_uniform(rng, SCREAM_PITCH, count)[:, None] * np.exp2(contour + arch + vibrato + jitter)
    voice = _harmonics(pitch, rng.uniform(0.4, 1.6, (count, 1)), sample_rate)
    depth = rng.uniform(0.0, 0.9, (count, 1)) * (rng.random((count, 1)) < 0.8)
    rate = rng.uniform(*ROUGHNESS, (count, 1)) * np.exp2(_contour(count, samples, rng, spread=0.3))
    voice *= 1 + depth * np.sin(2 * np.pi * np.cumsum(rate, axis=1) / sample_rate)
    breath = rng.standard_normal((count, samples), np.float32) * _rms(voice) * rng.uniform(0.02, 0.5, (count, 1))
    shaped = _formants(np.asarray(voice + breath, np.float32), rng, sample_rate)
    return _finish(shaped * _envelope(count, samples, rng, sample_rate))


def alarms(count: int, samples: int, rng: np.random.Generator, sample_rate: int) -> npt.NDArray[np.int16]:
    """Synthetic sirens, two-tone horns, beeps and whistles, int16 [count, samples], peak at half of full scale."""
    time = np.arange(samples, dtype=np.float32)[None, :] / sample_rate
    phase = rng.random((count, 1))
    cycle = np.mod(time * log_uniform(rng, (0.25, 8.0), count)[:, None] + phase, 1)
    triangle, square, saw = 1 - 4 * np.abs(cycle - 0.5), np.where(cycle < 0.5, 1.0, -1.0), 2 * cycle - 1
    kind = rng.integers(0, 5, (count, 1))
    movement = np.select([kind == 0, kind == 1, kind == 2], [triangle, square, saw], 0.0)
    pitch = log_uniform(rng, ALARM_PITCH, count)[:, None] * np.exp2(movement * rng.uniform(0.05, 0.6, (count, 1)))
    tone = _harmonics(pitch, rng.uniform(0.8, 4.0, (count, 1)), sample_rate)
    gated = np.where(kind == 4, np.mod(time * rng.uniform(1.5, 10, (count, 1)) + phase, 1) < 0.5, 1.0)
    return _finish(np.asarray(tone * gated, np.float32))


def _harmonics(pitch: npt.NDArray[np.floating], slope: npt.NDArray[np.floating], sample_rate: int) -> Float32:
    """Sum of harmonics k with amplitude k^-slope, each silent above the Nyquist frequency.

    Args:
        pitch: Hz [n, samples].
        slope: [n, 1].
    """
    phase = np.asarray(2 * np.pi * np.cumsum(pitch / sample_rate, axis=1), np.float32)
    total = np.zeros(phase.shape, np.float32)
    # sin(k p) by the recurrence sin(k p) = 2 cos(p) sin((k−1) p) − sin((k−2) p): one sine and one cosine in all.
    twice_cosine, before, sine = 2 * np.cos(phase), np.zeros_like(phase), np.sin(phase)
    for number in range(1, int(sample_rate / 2 / pitch.min()) + 1):
        total += np.where(pitch * number < 0.48 * sample_rate, sine, 0) * np.asarray(number**-slope, np.float32)
        before, sine = sine, twice_cosine * sine - before
    return total


def _formants(voice: Float32, rng: np.random.Generator, sample_rate: int) -> Float32:
    """Three resonances of a wide open mouth: around 1, 1.8 and 3.5 kHz, tens of per cent either way."""
    spectrum = fft.rfft(voice, axis=1)
    frequency = np.arange(spectrum.shape[1])[None, :] * (sample_rate / voice.shape[1])
    response = np.full(spectrum.shape, 0.08)
    for centre, width in ((1000.0, 250.0), (1800.0, 350.0), (3500.0, 600.0)):
        middle = centre * log_uniform(rng, (0.7, 1.4), len(voice))[:, None]
        response += rng.uniform(0.3, 1.0, (len(voice), 1)) / (1 + np.square((frequency - middle) / width))
    return np.asarray(fft.irfft(spectrum * response, voice.shape[1], axis=1), np.float32)


def _envelope(count: int, samples: int, rng: np.random.Generator, sample_rate: int) -> Float32:
    """Loudness: most screams outlast the window; some begin, some end in it."""
    time = np.arange(samples)[None, :] / sample_rate
    length = samples / sample_rate
    begin = np.where(rng.random((count, 1)) < 0.3, rng.uniform(0, 0.5, (count, 1)) * length, -1.0)
    end = np.where(rng.random((count, 1)) < 0.3, rng.uniform(0.6, 1, (count, 1)) * length, length + 1)
    rise = np.clip((time - begin) / rng.uniform(0.02, 0.15, (count, 1)), 0, 1)
    fall = np.clip((end - time) / rng.uniform(0.05, 0.3, (count, 1)), 0, 1)
    swell = np.exp2(_contour(count, samples, rng, spread=0.7))
    return np.asarray(rise * fall * swell, np.float32)


def _contour(count: int, samples: int, rng: np.random.Generator, *, spread: float, knots: int = _KNOTS) -> Float32:
    """Random lines through `knots` points of standard deviation `spread`: [count, samples]."""
    points = rng.standard_normal((count, knots)) * spread
    place = np.linspace(0, knots - 1.001, samples)
    whole = place.astype(int)
    fraction = place - whole
    return np.asarray(points[:, whole] * (1 - fraction) + points[:, whole + 1] * fraction, np.float32)


def _finish(sound: Float32) -> npt.NDArray[np.int16]:
    peak = np.maximum(np.abs(sound).max(axis=1, keepdims=True), 1e-9)
    return np.asarray(np.rint(sound / peak * 16384), np.int16)


def _rms(sound: Float32) -> Float32:
    return np.asarray(np.sqrt(np.square(sound).mean(axis=1, keepdims=True)), np.float32)
