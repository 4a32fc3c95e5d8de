"""Ways to make a trained network small that keep its kind: pruned or not, taught by the baseline or not, some bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from ..compress.integer import Quantisation, Rounding, quantise_chain
from ..compress.layers import Chain, MaxPoolLayer
from ..graph.graph import Graph
from ..search.student import Effort, Geometry, fit
from .floor import Floor, on_sides
from .plain import Plain, answers, prune_uniformly, prune_weights

Pruning = Literal["none", "neurons", "weights"]

_NAME = "rival"
_PRUNERS: Mapping[str, Callable[[Plain, float, Callable[[Plain], None], int], None]] = MappingProxyType(
    {"neurons": prune_uniformly, "weights": prune_weights}
)


@dataclass(frozen=True)
class Recipe:
    """What is done to a baseline.

    Attributes:
        pruning: of what.
        distilled: share of the baseline's answer in the training target, 0..1; the rest is the label.
        bits: of all weights.
    """

    name: str
    title: str
    pruning: Pruning
    distilled: float = 0.0
    bits: int = 8
    rounding: Rounding = "nearest"


@dataclass(frozen=True)
class Tuning:
    """`steps` of pruning, each followed by its share of `effort`."""

    effort: Effort
    steps: int = 2


@dataclass(frozen=True, eq=False)
class Kitchen:
    """Applies recipes to the baseline's networks of one seed.

    Attributes:
        starts: the baseline's network of a fold, as a module that may be changed.
        chain: of such a module.
    """

    floor: Floor
    seed: int
    tuning: Tuning
    starts: Callable[[int], Plain]
    chain: Callable[[Plain], Chain]

    def make(self, recipe: Recipe, keep: float) -> list[Graph]:
        """A graph for every fold, with the share `keep` of neurons or weights; may raise ModelFault."""
        return on_sides(self.floor.folds, lambda side: self._make_side(recipe, keep, side))

    def _make_side(self, recipe: Recipe, keep: float, side: int) -> Graph:
        floor, module = self.floor, self.starts(side)
        if recipe.pruning != "none":
            _, frames, bands = floor.material.features.shape
            geometry = Geometry(frames, bands, frames, 1)
            lessons = floor.lessons(side, self._answers(recipe, side), recipe.distilled)
            effort = replace(self.tuning.effort, steps=self.tuning.effort.steps // self.tuning.steps)
            chance = torch.Generator().manual_seed(self.seed * 1000 + side)

            def train(pruned: Plain) -> None:
                fit(pruned, geometry, lessons, effort, chance)

            _PRUNERS[recipe.pruning](module, keep, train, self.tuning.steps)
        chain = self.chain(module)
        weighted = sum(not isinstance(layer, MaxPoolLayer) for layer in chain.layers)
        plan = Quantisation((recipe.bits,) * weighted, recipe.rounding)
        classes = floor.application.data.classes
        return quantise_chain(chain, floor.calibration(side), plan, name=_NAME, classes=classes)

    def _answers(self, recipe: Recipe, side: int) -> npt.NDArray[np.float32] | None:
        """The fold's baseline on the pool."""
        return answers(self.starts(side), self.floor.pool.features) if recipe.distilled else None
