"""PCM that no microphone gives: what a proof of bit-exactness must survive besides recordings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_EXTREMES = np.array([-32768, 32767], dtype=np.int16)


def stress_clips(count: int, window: int, *, seed: int) -> NDArray[np.int16]:
    """`count` clips int16 [count, window], random and adversarial in turn: silence, full scale, DC, single impulses,
    1-LSB noise, int16 extremes, squares of any period, tones, noise of any level, bursts in silence."""
    rng = np.random.default_rng(seed)
    makers = (_fixed, _impulse, _lsb_noise, _extremes, _square, _tone, _noise, _burst)
    clips = [makers[index % len(makers)](rng, window, index // len(makers)) for index in range(count)]
    return np.stack(clips) if clips else np.empty((0, window), np.int16)


def _fixed(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    """A constant: silence, the extremes, ±1, then any DC."""
    levels = (0, -32768, 32767, 1, -1)
    level = levels[turn] if turn < len(levels) else int(rng.integers(-32768, 32768))
    return np.full(window, level, np.int16)


def _impulse(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    clip = np.zeros(window, np.int16)
    clip[rng.integers(window)] = rng.choice(np.array([1, -1, 32767, -32768, 12345], np.int16))
    return clip


def _lsb_noise(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    return rng.integers(-1, 2, window).astype(np.int16)


def _extremes(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    return rng.choice(_EXTREMES, window)


def _square(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    period = 1 + turn % 64
    return _EXTREMES[(np.arange(window) // period) % 2]


def _tone(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    phase = np.arange(window) * rng.uniform(0, np.pi) + rng.uniform(0, 2 * np.pi)
    return np.round(np.sin(phase) * 32767 * 10 ** rng.uniform(-4, 0)).astype(np.int16)


def _noise(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    scaled = rng.standard_normal(window) * 10 ** rng.uniform(0, 4.8)
    return np.clip(np.round(scaled), -32768, 32767).astype(np.int16)


def _burst(rng: np.random.Generator, window: int, turn: int) -> NDArray[np.int16]:
    clip = np.zeros(window, np.int16)
    start = int(rng.integers(window))
    length = min(int(rng.integers(1, window)), window - start)
    clip[start : start + length] = rng.integers(-32768, 32768, length)
    return clip
