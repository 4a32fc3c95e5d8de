"""Sound that breaks careless fixed-point code: what reference, host build and target are compared on besides clips."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Clip = NDArray[np.int16]

_LOWEST, _HIGHEST = -32768, 32767


def adversarial_clips(count: int, samples: int, seed: int) -> Clip:
    """int16 [count, samples]: the kinds below in turn, each time with other random numbers; the same for a seed.

    A shorter list is the start of a longer one of the same seed.
    """
    random = np.random.default_rng(seed)
    clips = [_KINDS[index % len(_KINDS)](samples, random) for index in range(count)]
    return np.stack(clips) if clips else np.empty((0, samples), np.int16)


def _silence(samples: int, random: np.random.Generator) -> Clip:
    return np.zeros(samples, dtype=np.int16)


def _lowest(samples: int, random: np.random.Generator) -> Clip:
    return np.full(samples, _LOWEST, dtype=np.int16)


def _highest(samples: int, random: np.random.Generator) -> Clip:
    return np.full(samples, _HIGHEST, dtype=np.int16)


def _one_step(samples: int, random: np.random.Generator) -> Clip:
    """A constant of one LSB, the largest that the block normalisation has to lift."""
    return np.full(samples, random.choice([-1, 1]), dtype=np.int16)


def _direct_current(samples: int, random: np.random.Generator) -> Clip:
    return np.full(samples, random.integers(_LOWEST, _HIGHEST + 1), dtype=np.int16)


def _last_bit_noise(samples: int, random: np.random.Generator) -> Clip:
    return random.integers(-1, 2, samples).astype(np.int16)


def _flickering_sign(samples: int, random: np.random.Generator) -> Clip:
    """0 and -1 only: every bit of the word changes, yet the sound is one LSB."""
    return random.integers(-1, 1, samples).astype(np.int16)


def _impulse(samples: int, random: np.random.Generator) -> Clip:
    clip = np.zeros(samples, dtype=np.int16)
    clip[random.integers(samples)] = random.choice([_LOWEST, _HIGHEST, -1, 1, 12345])
    return clip


def _impulse_train(samples: int, random: np.random.Generator) -> Clip:
    clip = np.zeros(samples, dtype=np.int16)
    clip[random.integers(64) :: random.integers(2, 700)] = random.choice([_LOWEST, _HIGHEST])
    return clip


def _alternating(samples: int, random: np.random.Generator) -> Clip:
    """-32768 and 32767 by turns: full scale at half the sample rate, beginning with either."""
    return np.where((np.arange(samples) + random.integers(2)) % 2, _HIGHEST, _LOWEST).astype(np.int16)


def _square(samples: int, random: np.random.Generator) -> Clip:
    """Full-scale square of half period 1..300 samples."""
    half_period = random.integers(1, 301)
    return np.where((np.arange(samples) // half_period) % 2, _HIGHEST, _LOWEST).astype(np.int16)


def _extreme_signs(samples: int, random: np.random.Generator) -> Clip:
    return random.choice(np.array([_LOWEST, _HIGHEST], dtype=np.int16), samples)


def _clipped_tone(samples: int, random: np.random.Generator) -> Clip:
    """Signs of a tone of any frequency and phase: the largest sum at one bin that the word length allows."""
    angle = 2.0 * np.pi * (random.uniform(0.0, 0.5) * np.arange(samples) + random.uniform())
    return np.where(np.sin(angle) < 0.0, _LOWEST, _HIGHEST).astype(np.int16)


def _tone(samples: int, random: np.random.Generator) -> Clip:
    angle = 2.0 * np.pi * (random.uniform(0.0, 0.5) * np.arange(samples) + random.uniform())
    return np.rint(np.sin(angle) * _random_peak(random)).astype(np.int16)


def _noise(samples: int, random: np.random.Generator) -> Clip:
    noise = random.standard_normal(samples) * _random_peak(random) / 3.0
    return np.clip(np.rint(noise), _LOWEST, _HIGHEST).astype(np.int16)


def _clipped_noise(samples: int, random: np.random.Generator) -> Clip:
    """Noise that a converter cut off: a standard deviation of 1/2 to 2 of full scale."""
    noise = random.standard_normal(samples) * 2.0 ** random.uniform(14.0, 16.0)
    return np.clip(np.rint(noise), _LOWEST, _HIGHEST).astype(np.int16)


def _any_words(samples: int, random: np.random.Generator) -> Clip:
    return random.integers(_LOWEST, _HIGHEST + 1, samples).astype(np.int16)


def _changing_loudness(samples: int, random: np.random.Generator) -> Clip:
    """Noise whose level changes by many bits from block to block, in the middle of frames too."""
    levels = 2.0 ** random.uniform(0.0, 15.0, samples // 200 + 1)
    noise = random.uniform(-1.0, 1.0, samples) * np.repeat(levels, 200)[:samples]
    return np.rint(noise).clip(_LOWEST, _HIGHEST).astype(np.int16)


def _burst(samples: int, random: np.random.Generator) -> Clip:
    """Any words for a while, silence before and after."""
    clip = np.zeros(samples, dtype=np.int16)
    start = int(random.integers(samples))
    end = min(samples, start + int(random.integers(1, max(2, samples // 2))))
    clip[start:end] = random.integers(_LOWEST, _HIGHEST + 1, end - start)
    return clip


def _random_peak(random: np.random.Generator) -> float:
    return float(2.0 ** random.uniform(0.0, 14.99))


# Rich and poor kinds in turn, so that a few clips are a test too.
_KINDS: tuple[Callable[[int, np.random.Generator], Clip], ...] = (
    _any_words,
    _silence,
    _changing_loudness,
    _impulse,
    _lowest,
    _extreme_signs,
    _last_bit_noise,
    _burst,
    _highest,
    _clipped_tone,
    _one_step,
    _clipped_noise,
    _flickering_sign,
    _square,
    _direct_current,
    _tone,
    _impulse_train,
    _noise,
    _alternating,
)
