"""Sounds far from the recordings, without labels: where labels say nothing, a student follows the baseline's answers.

A student that only learns near the training clips agrees with the baseline there, and answers in its own way whatever
comes from elsewhere. So half of what it learns from are hearings that are moved much further than those of the pool,
two sounds at a time, and one sound that becomes another (cf. L. Beyer et al., "Knowledge distillation: a good teacher
is patient and consistent", CVPR 2022, arXiv:2106.05237, on mixing inputs far outside the data).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from ..application import Application
from ..train.crossval import draw_weights
from ..train.material import Material
from ..train.network import FEATURE_SCALE
from ..train.variation import Variation, vary
from .pool import Pool

WIDE = Variation(
    shift=0.5,
    warp=1.0,
    bands=(-8, 10),
    bands_share=0.8,
    reverberant_share=0.4,
    tilt=3.0,
    colour=(1.5, 1.2, 1.0, 0.8),
    level=4.0,
)
_POSITIVE_SHARE = 0.2  # of the draws; most of what a detector hears is something else
_MIXED, _SPLICED = 0.4, 0.15  # shares of the rows
_GAIN = 3.0  # octaves of energy: standard deviation of the second sound's level against the first's
_CUT = (0.1, 0.9)  # where, of the window, one sound becomes another
_BATCH = 256


def build_transfer(application: Application, material: Material, *, seed: int, rows: int) -> Pool:
    """Draw rows and move them far away; call inside `deterministic()`.

    The second sound of a row is of the first one's fold: what is held out is held out with all that was made of it.
    """
    chance = torch.Generator().manual_seed(seed)
    weights = draw_weights(application, material, np.arange(len(material.labels)))
    positive = material.labels == application.data.classes.index(application.data.positive)
    weights[positive] *= _POSITIVE_SHARE / weights[positive].sum()
    weights[~positive] *= (1 - _POSITIVE_SHARE) / weights[~positive].sum()
    first = torch.multinomial(torch.from_numpy(weights), rows, replacement=True, generator=chance).numpy()
    second = _partners(material, first, torch.rand(rows, generator=chance).numpy())
    features = np.empty((rows, *material.features.shape[1:]), np.int16)
    for start in range(0, rows, _BATCH):
        part = slice(start, start + _BATCH)
        moved = [vary(_octaves(material, chosen[part]), chance, WIDE) for chosen in (first, second)]
        together = _combine(moved[0], moved[1], chance).clamp(min=WIDE.floor)
        features[part] = np.clip(np.rint(together.numpy() / FEATURE_SCALE), -32768, 32767)
    return Pool(features, first)


def _octaves(material: Material, rows: npt.NDArray[np.intp]) -> torch.Tensor:
    return torch.from_numpy(material.features[rows].astype(np.float32) * np.float32(FEATURE_SCALE))


def _partners(material: Material, rows: npt.NDArray[np.intp], chance: npt.NDArray[np.floating]) -> npt.NDArray[np.intp]:
    """For each of `rows` another of its fold, by `chance` in [0, 1)."""
    order = np.argsort(material.fold, kind="stable")
    ranked = material.fold[order]
    begin = np.searchsorted(ranked, material.fold[rows], "left")
    end = np.searchsorted(ranked, material.fold[rows], "right")
    place = begin + np.floor(chance * (end - begin)).astype(np.intp)
    return np.asarray(order[np.minimum(place, end - 1)])


def _combine(first: torch.Tensor, second: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """Two sounds at once, one after the other, or the first alone; octaves [n, frames, bands]."""
    count, frames, _ = first.shape
    level = first.mean((1, 2), keepdim=True) - second.mean((1, 2), keepdim=True)
    gain = torch.randn(count, 1, 1, generator=chance) * _GAIN
    at_once = torch.logaddexp2(first, second + level + gain)
    cut = torch.rand(count, 1, generator=chance) * (_CUT[1] - _CUT[0]) + _CUT[0]
    before = (torch.arange(frames) < cut * frames)[:, :, None]
    in_turn = torch.where(before, first, second + level)
    kind = torch.rand(count, 1, 1, generator=chance)
    return torch.where(kind < _MIXED, at_once, torch.where(kind < _MIXED + _SPLICED, in_turn, first))
