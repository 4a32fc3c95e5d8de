"""Accuracy where recordings change: the training clips once more, each in a room and by a cheap microphone.

Out-of-fold clips come from the same few packages as those that were learnt from. This set moves them: every positive
clip, and some others, through a room each (the ranges of the stress set of `train/stress.py`), judged by the networks
that have not seen the clip's fold. Backgrounds are of the clip's own fold. It may guide what the field set must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..data.clips import Dataset
from ..frontend import reference
from ..frontend.specification import build_specification
from ..train.channel import pass_channel
from ..train.material import Material
from ..train.network import FloatNetwork
from ..train.stress import ROOM

OTHERS = 600  # clips of the other classes: enough to read a rate of false alarms off
_SEED = 78_000  # a stream of chance that no training draws from


@dataclass(frozen=True, eq=False)
class ShiftSet:
    """Clips heard elsewhere.

    Attributes:
        features: int16 [n, frames, bands].
        clip: for each the training clip that it was made of [n].
        labels, fold: of that clip [n].
        baseline: logits of the baseline that has not seen the fold, float32 [n, classes].
    """

    features: npt.NDArray[np.int16]
    clip: npt.NDArray[np.intp]
    labels: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.float32]


def build_shift_set(
    application: Application, dataset: Dataset, material: Material, teachers: Sequence[FloatNetwork]
) -> ShiftSet:
    """Make the set; the same every time.

    Args:
        teachers: the baseline of each fold, and any behind them.
    """
    labels, fold = material.labels[: material.clips], material.fold[: material.clips]
    positive = labels == application.data.classes.index(application.data.positive)
    others = np.flatnonzero(~positive)
    chosen = np.random.default_rng(_SEED).permutation(others)[:OTHERS]
    clip = np.sort(np.concatenate([np.flatnonzero(positive), chosen]))
    rows, spec = dataset.indices("train"), build_specification(application)
    features: npt.NDArray[np.int16] = np.empty((len(clip), *material.features.shape[1:]), np.int16)
    baseline = np.empty((len(clip), len(application.data.classes)), np.float32)
    for index in range(application.train.folds):
        members = np.flatnonzero(fold[clip] == index)
        backgrounds = dataset.pcm[rows[others[fold[others] == index]]]
        windows = dataset.pcm[rows[clip[members]]].astype(np.float32) / np.float32(32768)
        heard = pass_channel(
            windows, np.random.default_rng((_SEED, index)), backgrounds, application.audio.sample_rate, ROOM
        )
        features[members] = reference.run(spec, heard)
        baseline[members] = teachers[index].forward(features[members])
    return ShiftSet(features, clip, labels[clip], fold[clip], baseline)
