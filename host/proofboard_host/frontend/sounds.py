"""Sounds that accuracy and speed are measured on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

LEVELS_DBFS = (-3.0, -20.0, -40.0, -60.0)
"""Peaks that the sounds are taken at."""

_SECONDS = 4


def signals(sample_rate: int) -> dict[str, Float]:
    """Four seconds each of test sounds, any scale, the same at every call."""
    random = np.random.default_rng(4)
    count = _SECONDS * sample_rate
    time = np.arange(count) / sample_rate
    white = random.standard_normal(count)
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(1.0, np.arange(count // 2 + 1))), count)
    sweep = np.sin(2.0 * np.pi * 50.0 * _SECONDS / np.log(150.0) * (150.0 ** (time / _SECONDS) - 1.0))
    return {
        "white noise": white,
        "pink noise": pink,
        "speech-like": _voiced(time, pitch=120.0 + 30.0 * np.sin(2.0 * np.pi * 0.7 * time), formants=(600, 1300, 2600))
        * (0.55 + 0.45 * np.sin(2.0 * np.pi * 4.0 * time))
        + 0.003 * random.standard_normal(count),
        "scream-like": _voiced(
            time, pitch=900.0 + 200.0 * np.sin(2.0 * np.pi * 0.5 * time), formants=(1400, 2800, 3900)
        )
        + 0.01 * random.standard_normal(count),
        "sweep 50–7500 Hz": sweep,
        "tone 997 Hz": np.sin(2.0 * np.pi * 997.0 * time),
        "two tones": np.sin(2.0 * np.pi * 440.0 * time) + 0.01 * np.sin(2.0 * np.pi * 3517.0 * time),
    }


def _voiced(time: Float, pitch: Float, formants: tuple[int, ...]) -> Float:
    """Harmonics of a gliding pitch that fall with 6 dB an octave and rise at the formants (Hz)."""
    phase = 2.0 * np.pi * np.cumsum(pitch) / (len(time) / _SECONDS)
    sound = np.zeros_like(time)
    for harmonic in range(1, int(7000.0 / pitch.max()) + 1):
        frequency = harmonic * pitch
        resonance = sum(1.0 / (1.0 + ((frequency - formant) / 120.0) ** 2) for formant in formants)
        sound += np.sin(harmonic * phase) * (0.02 + resonance) / harmonic
    return sound


def levelled(sample_rate: int) -> Iterator[tuple[str, float, NDArray[np.int16]]]:
    """Every sound at every level as PCM: name, peak in dBFS, int16 [samples]."""
    for name, sound in signals(sample_rate).items():
        for level in LEVELS_DBFS:
            peak = 32768.0 * 10.0 ** (level / 20.0)
            yield name, level, np.rint(sound * (peak / np.abs(sound).max())).astype(np.int16)
