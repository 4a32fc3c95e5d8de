"""What is usually done to make a trained network small: pruned or not, trained on, quantised to int8."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import torch

from ..compress.integer import Quantisation, quantise_chain
from ..compress.layers import PoolLayer, chain_of
from ..graph.graph import Graph
from ..search.student import Effort, Geometry, fit
from ..train.network import FloatNetwork
from .floor import Floor, on_sides
from .plain import Plain, float_network, plain, prune_uniformly, prune_weights

Pruning = Literal["none", "neurons", "weights"]

_NAME = "rival"
_CONV_ROWS = 500  # clips that a convolutional network is calibrated on: each gives many windows
_PRUNERS: Mapping[str, Callable[[Plain, float, Callable[[Plain], None], int], None]] = MappingProxyType(
    {"neurons": prune_uniformly, "weights": prune_weights}
)


@dataclass(frozen=True)
class Recipe:
    """What is done to a baseline before its weights are rounded to 8 bits: `pruning` of what, on labels alone."""

    name: str
    title: str
    pruning: Pruning


@dataclass(frozen=True)
class Tuning:
    """`steps` of pruning, each followed by its share of `effort`."""

    effort: Effort
    steps: int = 2


@dataclass(frozen=True, eq=False)
class Kitchen:
    """Applies recipes to the baseline's networks of one seed.

    Attributes:
        networks: the baseline's of each fold.
    """

    floor: Floor
    seed: int
    tuning: Tuning
    networks: Sequence[FloatNetwork]

    def make(self, recipe: Recipe, keep: float) -> list[Graph]:
        """A graph for every fold, with the share `keep` of neurons or weights; may raise ModelFault."""
        return on_sides(self.floor.folds, lambda side: self._make_side(recipe, keep, side))

    def _make_side(self, recipe: Recipe, keep: float, side: int) -> Graph:
        floor, network = self.floor, self.networks[side]
        if recipe.pruning != "none":
            _, frames, bands = floor.material.features.shape
            geometry = Geometry(frames, bands, frames, 1)
            lessons = floor.lessons(side)
            effort = replace(self.tuning.effort, steps=self.tuning.effort.steps // self.tuning.steps)
            chance = torch.Generator().manual_seed(self.seed * 1000 + side)

            def train(pruned: Plain) -> None:
                fit(pruned, geometry, lessons, effort, chance)

            module = plain(network, floor.calibration(side))
            _PRUNERS[recipe.pruning](module, keep, train, self.tuning.steps)
            network = float_network(module)
        chain = chain_of(network, (1, 1, network.inputs))
        weighted = sum(not isinstance(layer, PoolLayer) for layer in chain.layers)
        calibration = floor.calibration(side)
        few = calibration if network.trunk is None else calibration[:: max(1, len(calibration) // _CONV_ROWS)]
        plan, classes = Quantisation((8,) * weighted), floor.application.data.classes
        return quantise_chain(chain, few, plan, name=_NAME, classes=classes)
