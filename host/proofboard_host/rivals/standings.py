"""The baselines of a contest: trained once for each family and seed, kept as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt
import torch

from ..train import network, trainer, variation
from ..train.crossval import draw_weights
from ..train.network import FloatNetwork
from . import families, plain
from .cells import key_of
from .families import Family, FullyConnected
from .floor import Floor, Standing, on_sides
from .plain import Plain, answers, float_network


@dataclass(frozen=True, eq=False)
class Trained:
    """One family's baseline of one seed.

    Attributes:
        key: of all it was made of.
        states: arrays of each side's module, by name.
    """

    floor: Floor
    family: Family
    seed: int
    key: str
    states: tuple[dict[str, npt.NDArray[np.float32]], ...]

    def module(self, index: int) -> Plain:
        """The network of side `index`, a fresh copy that may be changed."""
        module = self.family.empty(self.floor)
        module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in self.states[index].items()})
        return module

    def standing(self) -> Standing:
        """Its out-of-fold answers, and what the search's students learn from."""
        material = self.floor.material
        logits = np.zeros((material.clips, len(self.floor.application.data.classes)), np.float32)
        for fold in self.floor.folds:
            rows = material.held_out(fold)
            logits[rows] = answers(self.module(fold), material.features[rows])
        teachers: tuple[FloatNetwork, ...] = ()
        if isinstance(self.family, FullyConnected):
            teachers = tuple(float_network(self.module(index)) for index in range(len(self.states)))
        return Standing(self.floor, self.seed, logits, teachers)


def train_baseline(floor: Floor, family: Family, seed: int, folder: Path, tell: Callable[[str], None]) -> Trained:
    """The baseline as it is kept in `folder`, or trained now, which `tell` is told."""
    sections = (floor.application.train, floor.application.network)
    key = key_of(floor.identity, family, seed, sections, families, plain, trainer, variation, network, draw_weights)
    path = folder / f"baseline-{key}.npz"
    sides = family.sides(floor.application.train.folds)
    states = _read(path, len(sides))
    if states is None:
        tell(f"seed {seed}: training {family.title}")
        modules = on_sides(sides, lambda side: family.train(floor, seed, side))
        states = tuple({name: value.numpy() for name, value in module.state_dict().items()} for module in modules)
        _write(path, states)
    return Trained(floor, family, seed, key, states)


def _read(path: Path, sides: int) -> tuple[dict[str, npt.NDArray[np.float32]], ...] | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            states: list[dict[str, npt.NDArray[np.float32]]] = [{} for _ in range(sides)]
            for name in archive.files:
                index, _, parameter = name.partition(":")
                states[int(index)][parameter] = archive[name]
    except (OSError, BadZipFile, ValueError, IndexError):
        return None
    return tuple(states)


def _write(path: Path, states: tuple[dict[str, npt.NDArray[np.float32]], ...]) -> None:
    """The file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {f"{index}:{name}": value for index, state in enumerate(states) for name, value in state.items()}
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **named)
    temporary.replace(path)
