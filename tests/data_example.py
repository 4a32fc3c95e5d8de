"""Small recordings, made on the spot, for the tests of the data station."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE = 16_000


def noise(seed: int, seconds: float = 1.0, level: float = 6000.0) -> NDArray[np.int16]:
    """White noise, int16 [samples]; another seed is another recording."""
    samples = np.random.default_rng(seed).normal(0.0, level, round(seconds * RATE))
    return np.clip(samples, -32768, 32767).astype(np.int16)


def voice(pitch: float, seconds: float, rate: int = RATE) -> NDArray[np.int16]:
    """Ten harmonics of `pitch` Hz, int16 [samples]."""
    time = np.arange(round(seconds * rate)) / rate
    orders = [order for order in range(1, 11) if order * pitch < rate / 2]
    return np.asarray(8000 * sum(np.sin(2 * np.pi * order * pitch * time) / order for order in orders)).astype(np.int16)


def write_wav(path: Path, pcm: NDArray[np.int16], rate: int = RATE, channels: int = 1) -> Path:
    """Write int16 [samples] (each channel the same) as RIFF WAVE."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(pcm, channels).astype("<i2").tobytes())
    return path
