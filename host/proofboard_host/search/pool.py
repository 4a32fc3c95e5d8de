"""What students learn from: hearings of the training clips, varied once for all candidates.

Distillation as in G. Hinton et al., "Distilling the knowledge in a neural network" (arXiv:1503.02531): what is learnt
is a mixture of the label and the baseline's answer. A fold's student learns from the baseline that has not seen the
fold either, so its held-out clips stay held out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ..application import Application
from ..train.crossval import draw_weights
from ..train.material import Material
from ..train.network import FEATURE_SCALE
from ..train.variation import Variation, vary

POOL_ROWS = 48_000
_BATCH = 256
_SMOOTHING = 0.02  # share of a label that is spread over all classes


@dataclass(frozen=True, eq=False)
class Pool:
    """features int16 [rows, frames, bands], each a varied hearing of the material's row `row` [rows]."""

    features: npt.NDArray[np.int16]
    row: npt.NDArray[np.int64]


def build_pool(application: Application, material: Material, *, seed: int, rows: int = POOL_ROWS) -> Pool:
    """Draw rows as training would draw them from all clips, and vary each; call inside `deterministic()`."""
    chance = torch.Generator().manual_seed(seed)
    everything = np.arange(len(material.labels))
    weights = torch.from_numpy(draw_weights(application, material, everything))
    drawn = torch.multinomial(weights, rows, replacement=True, generator=chance).numpy()
    features = np.empty((rows, *material.features.shape[1:]), np.int16)
    for start in range(0, rows, _BATCH):
        octaves = material.features[drawn[start : start + _BATCH]].astype(np.float32) * np.float32(FEATURE_SCALE)
        varied = vary(torch.from_numpy(octaves), chance, Variation()).numpy() / FEATURE_SCALE
        features[start : start + _BATCH] = np.clip(np.rint(varied), -32768, 32767)
    return Pool(features, drawn)


def side_weights(
    application: Application, material: Material, pool: Pool, held_out: int | None
) -> npt.NDArray[np.float64]:
    """How often each row of the pool is drawn while fold `held_out` is kept back [rows]: 0 for that fold's own.

    Rows stand in the pool as often as all clips' weights say; the ratio of the two weights makes them the side's.
    """
    everything = draw_weights(application, material, np.arange(len(material.labels)))
    side = np.zeros(len(material.labels))
    rows = material.side(held_out)
    side[rows] = draw_weights(application, material, rows)
    weights = side[pool.row] / everything[pool.row]
    return np.asarray(weights / weights.sum())


def label_targets(material: Material, pool: Pool, classes: int) -> npt.NDArray[np.float32]:
    """The labels of the pool's rows as probabilities, a little smoothed: float32 [rows, classes]."""
    labels = np.eye(classes)[material.labels[pool.row]] * (1 - _SMOOTHING) + _SMOOTHING / classes
    return labels.astype(np.float32)
