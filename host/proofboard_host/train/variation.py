"""Augmentation of log-mel features while training: no clip is seen the same way twice.

What `augment.py` does to samples is dear and done once; this costs about as much as a training step and is drawn anew
for every batch. It knows no labels, so nothing it does can become the mark of a class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

_ORDERS = (2, 3, 4, 5)  # half periods over all bands of the smooth part of a colouration


@dataclass(frozen=True)
class Variation:
    """Ranges, uniform unless told; lengths are shares of a window, colours are octaves of energy (3.01 dB).

    Attributes:
        shift: largest rotation in time.
        warp: largest change of speed around the middle, octaves; what is read beyond an end begins anew.
        bands: mel bands that a sound is moved up, whole numbers; `bands_share` is how often. An approximation of pitch
            and formants: a band of the shipped front end is 80–90 mel wide.
        reverberant_share: how often energy is smeared in time as a room does.
        rt60: frames until the reverberation has fallen by 60 dB; a frame of the shipped front end is 32 ms.
        direct: dB of direct over reverberant energy.
        tilt: standard deviation of the difference between highest and lowest band.
        colour: standard deviation of each cosine over the bands: microphones, small loudspeakers.
        level: largest change of all features together: the network does not hear levels, but the floor stays.
        floor: least feature value, as the front end has it.
    """

    shift: float = 0.25
    warp: float = 0.4
    bands: tuple[int, int] = (-2, 4)
    bands_share: float = 0.7
    reverberant_share: float = 0.3
    rt60: tuple[float, float] = (5.0, 25.0)
    direct: tuple[float, float] = (-8.0, 10.0)
    tilt: float = 1.5
    colour: tuple[float, float, float, float] = (0.6, 0.5, 0.4, 0.3)
    level: float = 2.0
    floor: float = 2.0


def vary(features: torch.Tensor, chance: torch.Generator, ranges: Variation) -> torch.Tensor:
    """Another hearing of each clip of a batch.

    Args:
        features: float32 [n, frames, bands], log2 of energy.
        chance: the only source of chance.

    Returns:
        The same form, at least `ranges.floor`.
    """
    moved = _move(features, chance, ranges)
    roomy = _reverberate(moved, chance, ranges)
    return (roomy + _colour(roomy, chance, ranges)).clamp(min=ranges.floor)


def _move(features: torch.Tensor, chance: torch.Generator, ranges: Variation) -> torch.Tensor:
    """Time shifted and warped, spectrum moved along the bands; the outermost band fills what is left empty."""
    count, frames, bands = features.shape
    shift = _uniform(count, (-ranges.shift, ranges.shift), chance) * frames
    speed = torch.exp2(_uniform(count, (-ranges.warp, ranges.warp), chance))
    time = torch.arange(frames) - frames / 2
    frame = torch.round(time * speed[:, None] + frames / 2 - shift[:, None]).long().remainder(frames)
    up = torch.randint(ranges.bands[0], ranges.bands[1] + 1, (count,), generator=chance)
    up = up * _happens(count, ranges.bands_share, chance)
    band = (torch.arange(bands) - up[:, None]).clamp(0, bands - 1)
    index = frame[:, :, None] * bands + band[:, None, :]
    return features.flatten(1).gather(1, index.flatten(1)).reshape(features.shape)


def _reverberate(features: torch.Tensor, chance: torch.Generator, ranges: Variation) -> torch.Tensor:
    """Energy that decays by 60 dB in RT60 is added after every frame (the energy envelope of `channel.py`'s rooms)."""
    count, frames, _ = features.shape
    rt60 = _uniform(count, ranges.rt60, chance)
    kept = torch.exp(-6 * math.log(10) / rt60)[:, None, None]  # of the energy, from frame to frame
    ratio = torch.exp2(-_uniform(count, ranges.direct, chance) / (10 * math.log10(2)))
    ratio = (ratio * _happens(count, ranges.reverberant_share, chance))[:, None, None]
    lag = (torch.arange(frames)[:, None] - torch.arange(frames)).clamp(min=0)
    # Σ over lags ≥ 1 of kept^lag is kept / (1 − kept): the tail's energy is `ratio` times the direct sound's.
    tail = torch.where(lag > 0, kept**lag, 0.0) * (ratio * (1 - kept) / kept)
    return torch.log2(torch.bmm(tail + torch.eye(frames), torch.exp2(features)))


def _colour(features: torch.Tensor, chance: torch.Generator, ranges: Variation) -> torch.Tensor:
    """What is added to all frames of a clip alike [n, 1, bands]: level, tilt, a smooth curve."""
    count, _, bands = features.shape
    place = torch.arange(bands) / (bands - 1)
    curves = torch.stack([place - 0.5, *(torch.cos(order * math.pi * place) for order in _ORDERS)])
    amounts = torch.randn(count, len(curves), generator=chance) * torch.tensor((ranges.tilt, *ranges.colour))
    level = _uniform(count, (-ranges.level, ranges.level), chance)
    return (amounts @ curves + level[:, None])[:, None, :]


def _uniform(count: int, bounds: tuple[float, float], chance: torch.Generator) -> torch.Tensor:
    return torch.rand(count, generator=chance) * (bounds[1] - bounds[0]) + bounds[0]


def _happens(count: int, share: float, chance: torch.Generator) -> torch.Tensor:
    return torch.rand(count, generator=chance) < share
