"""Networks that a user might have trained: what the methods start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..compress.layers import Chain
from ..train.crossval import STEPS_PER_EPOCH, draw_weights
from ..train.network import widths_of
from ..train.trainer import TrainingSet, train
from .floor import Floor
from .plain import Plain, empty_perceptron, perceptron, perceptron_chain


class Family(Protocol):
    """A kind of network; an implementation is a frozen dataclass whose `repr` says all that training depends on."""

    @property
    def name(self) -> str:
        """Short, for files."""
        ...

    @property
    def title(self) -> str:
        """For tables."""
        ...

    def sides(self, folds: int) -> Sequence[int | None]:
        """The training sides that the methods need a network of: the folds first."""
        ...

    def train(self, floor: Floor, seed: int, side: int | None) -> Plain:
        """The float32 network of a side; call inside `deterministic()`."""
        ...

    def empty(self, floor: Floor) -> Plain:
        """Of the same shape, to load weights into."""
        ...

    def chain(self, module: Plain) -> Chain:
        """Layers to quantise, of a module that may have been pruned."""
        ...


@dataclass(frozen=True)
class FullyConnected:
    """The application's own network, trained as the product trains it; `epochs` in place of the application's."""

    epochs: int
    name: str = "dense"
    title: str = "the application's fully connected network"

    def sides(self, folds: int) -> Sequence[int | None]:
        """Students of the search also learn from the network of all clips."""
        return [*range(folds), None]

    def train(self, floor: Floor, seed: int, side: int | None) -> Plain:
        """By the product's trainer."""
        application, material, rows = floor.application, floor.material, floor.material.side(side)
        weights = draw_weights(application, material, rows)
        data = TrainingSet(material.features[rows], material.labels[rows], weights, STEPS_PER_EPOCH)
        section = replace(application.train, epochs=self.epochs)
        seeded = seed * 1000 + (section.folds if side is None else side)
        network = train(data, widths_of(application), section, seed=seeded)
        return perceptron(network, floor.calibration(side))

    def empty(self, floor: Floor) -> Plain:
        """Zeros."""
        return empty_perceptron(widths_of(floor.application))

    def chain(self, module: Plain) -> Chain:
        """Dense layers."""
        return perceptron_chain(module)
