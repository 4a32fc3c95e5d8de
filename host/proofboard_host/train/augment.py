"""Augmentation of training windows: what a recording might have sounded like elsewhere. Never used on field clips.

The voice change (pitch, speed, length) differs by class in its ranges only; the channel (`channel.py`) is the same
for all. docs/training.md says why each range is what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from .channel import ChannelRanges, log_uniform, pass_channel
from .voice import VoiceChange, change_voice

BATCH = 128  # windows at a time: spectra of a batch stay within tens of megabytes


@dataclass(frozen=True)
class VoiceRanges:
    """How often and how far voices of one class are changed.

    Attributes:
        share: probability of any change.
        rate: frequency factor, log-uniform.
        sustained_share: probability, among the changed, of being held until the window is full.
        scan: speed of the walk through a sustained sound, of the recording's own.
        grain: seconds, log-uniform.
    """

    share: float
    rate: tuple[float, float]
    sustained_share: float
    scan: tuple[float, float] = (0.15, 0.9)
    grain: tuple[float, float] = (0.06, 0.25)


class Treatment(IntEnum):
    """Which voice ranges a clip gets.

    SCREAM: mostly up, and held as long screams are. OTHER: up and down, held at times, so that neither is
    a mark of screams.
    BRIEF: never held, since a sound that is no scream only because it is short would become one.
    UNCHANGED: the voice stays as it is; shift and channel are as for all.
    """

    SCREAM = 0
    OTHER = 1
    BRIEF = 2
    UNCHANGED = 3


@dataclass(frozen=True)
class Augmentation:
    """Everything that is drawn for a copy: voice ranges by `Treatment`, channel, shift.

    `shift` is the largest shift in either direction in seconds; what moves in is silence.
    """

    voices: tuple[VoiceRanges, ...] = (
        VoiceRanges(0.85, (0.6, 2.6), 0.6),
        VoiceRanges(0.4, (0.7, 1.8), 0.25),
        VoiceRanges(0.4, (0.7, 1.5), 0.0),
    )
    channel: ChannelRanges = field(default_factory=ChannelRanges)
    shift: float = 0.25


def augment(
    pcm: npt.NDArray[np.int16],
    treatments: npt.NDArray[np.integer],
    rng: np.random.Generator,
    backgrounds: npt.NDArray[np.int16],
    *,
    sample_rate: int,
    plan: Augmentation = Augmentation(),
) -> npt.NDArray[np.int16]:
    """One augmented copy of every window.

    Args:
        pcm: int16 [n, samples].
        treatments: a `Treatment` for each window [n].
        rng: the only source of chance; same state, same copies.
        backgrounds: int16 [m, samples] to mix in; the caller takes them from the same side of the split as `pcm`.
        sample_rate: Hz.
        plan: the ranges.

    Returns:
        int16 [n, samples], in the order of `pcm`.
    """
    copies = np.empty_like(pcm)
    for start in range(0, len(pcm), BATCH):
        part = slice(start, start + BATCH)
        windows = pcm[part].astype(np.float32) / np.float32(32768)
        for treatment, ranges in enumerate(plan.voices):
            chosen = np.flatnonzero((treatments[part] == treatment) & (rng.random(len(windows)) < ranges.share))
            if len(chosen):
                change = _draw(len(chosen), ranges, rng, windows.shape[1], sample_rate)
                windows[chosen] = change_voice(windows[chosen], change)
        windows = _shift(windows, rng.integers(-1, 2, len(windows)) * rng.random(len(windows)), plan, sample_rate)
        copies[part] = pass_channel(windows, rng, backgrounds, sample_rate, plan.channel)
    return copies


def _draw(count: int, ranges: VoiceRanges, rng: np.random.Generator, samples: int, sample_rate: int) -> VoiceChange:
    rate = log_uniform(rng, ranges.rate, count).astype(np.float32)
    sustained = rng.random(count) < ranges.sustained_share
    scan = np.where(sustained, rng.uniform(*ranges.scan, count), rate).astype(np.float32)
    grain = log_uniform(rng, ranges.grain, count) * sample_rate
    # A sound read faster is over sooner: it may then begin anywhere that still leaves it whole.
    room = np.where(sustained, samples, samples * np.maximum(0, 1 - 1 / rate))
    return VoiceChange(rate, scan, sustained, grain.astype(np.int64), (rng.random(count) * room).astype(np.int64))


def _shift(
    windows: npt.NDArray[np.float32], amounts: npt.NDArray[np.floating], plan: Augmentation, sample_rate: int
) -> npt.NDArray[np.float32]:
    shifted = np.zeros_like(windows)
    for row, amount in enumerate((amounts * plan.shift * sample_rate).astype(int)):
        if amount >= 0:
            shifted[row, amount:] = windows[row, : windows.shape[1] - amount]
        else:
            shifted[row, :amount] = windows[row, -amount:]
    return shifted
