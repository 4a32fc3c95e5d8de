"""What all methods share: recordings as features, the baseline of a seed, and the verdict on what is made of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from ..application import Application
from ..frontend.specification import build_specification
from ..graph.graph import Graph
from ..graph.operators import Conv2d, Dense, DepthwiseConv2d
from ..search.costs import CostModel
from ..search.inputs import Inputs
from ..search.points import Figures
from ..search.pool import POOL_ROWS, Pool, build_pool, label_targets, side_weights
from ..search.rule import Judge
from ..search.store import Compressed
from ..search.student import Lessons
from ..search.transfer import build_transfer
from ..search.workbench import Efforts, Workbench
from ..train.material import SYNTHETIC, WORKERS, Material
from ..train.network import FloatNetwork
from ..train.trainer import deterministic
from .cells import Cell
from .sparse import weight_bytes

_CALIBRATION_ROWS = 2000

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Floor:
    """Where methods meet.

    Attributes:
        material: rows to train on, the same for all seeds: the folds do not change.
        groups: of the training clips.
        costs: links images.
        pool_rows: varied hearings to learn from.
        trained: the application's own baseline, of its own seed: of each fold, then of all clips. Empty: train it.
    """

    application: Application
    material: Material
    groups: Sequence[str]
    costs: CostModel
    pool_rows: int = POOL_ROWS
    trained: tuple[FloatNetwork, ...] = ()

    @cached_property
    def pool(self) -> Pool:
        """Varied hearings, as in the search."""
        with deterministic():
            return build_pool(self.application, self.material, seed=self.application.train.seed, rows=self.pool_rows)

    @cached_property
    def transfer(self) -> Pool:
        """Sounds far from the recordings, as in the search."""
        with deterministic():
            return build_transfer(
                self.application, self.material, seed=self.application.train.seed, rows=self.pool_rows
            )

    @cached_property
    def identity(self) -> str:
        """Hash of the rows, and of how many hearings are made of them."""
        material, sha = self.material, hashlib.sha256(str(self.pool_rows).encode())
        for array in (material.features, material.labels, material.clip, material.fold, material.groups):
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    @property
    def everything(self) -> Inputs:
        """No input left out."""
        _, frames, bands = self.material.features.shape
        return Inputs(range(frames), tuple(range(bands)))

    @property
    def positive(self) -> int:
        """Index of the rare class."""
        return self.application.data.classes.index(self.application.data.positive)

    def calibration(self, side: int | None) -> npt.NDArray[np.int16]:
        """Recordings and their copies, no synthetic ones, of a training side: int16 [n, frames, bands]."""
        rows = self.material.side(side)
        real = rows[self.material.clip[rows] != SYNTHETIC]
        return self.material.features[real[:: max(1, len(real) // _CALIBRATION_ROWS)]]

    def lessons(self, side: int | None) -> Lessons:
        """The pool with labels, drawn as a training side draws."""
        weights = side_weights(self.application, self.material, self.pool, side)
        return Lessons(
            torch.from_numpy(self.pool.features),
            torch.from_numpy(label_targets(self.material, self.pool, len(self.application.data.classes))),
            torch.from_numpy(weights),
        )

    @property
    def folds(self) -> range:
        """The sides whose networks are judged."""
        return range(self.application.train.folds)


def on_sides(sides: Sequence[S], work: Callable[[S], T]) -> list[T]:
    """Work on sides, two beside each other, one thread each: the same to the last bit every time."""
    with deterministic(), ThreadPoolExecutor(WORKERS) as workers:
        return list(workers.map(work, sides))


@dataclass(frozen=True, eq=False)
class Standing:
    """The baseline of one seed.

    Attributes:
        networks: of each fold, then of all clips.
        logits: out-of-fold answers, real values [clips, classes].
    """

    floor: Floor
    seed: int
    networks: tuple[FloatNetwork, ...]
    logits: npt.NDArray[np.float32]

    def workbench(self, efforts: Efforts) -> Workbench:
        """Trains our students on this baseline."""
        floor = self.floor
        return Workbench(
            floor.application, floor.material, floor.pool, self.networks, self.positives, efforts, floor.transfer
        )

    @property
    def positives(self) -> int:
        """Clips that the baseline calls positive, out of fold."""
        return int((self.logits.argmax(axis=1) == self.floor.positive).sum())

    def settle(self, graphs: Sequence[Graph]) -> Compressed:
        """One graph of a fold each, which read all features, at the baseline's operating point: the last of them, and
        the answers of all to their held-out clips."""
        made = [(graph, self.floor.everything) for graph in graphs]
        settled, logits, scales = self.workbench(Efforts()).settle(made)
        return Compressed(settled[-1][0], None, logits, scales)

    def judge(self, method: str, size: str, made: Compressed) -> Cell:
        """Link and judge."""
        floor, graph = self.floor, made.graph
        labels = floor.material.labels[: floor.material.clips]
        judge = Judge(labels, self.logits, floor.groups, floor.positive)
        whole = build_specification(floor.application)
        costs = floor.costs.measure(graph, whole if made.inputs is None else made.inputs.specification(whole))
        figures = Figures.of(judge.judge(made.real_logits, seed=self.seed))
        weights = [
            operator.weights.reshape(-1, operator.weights.shape[-1])
            if isinstance(operator, DepthwiseConv2d)
            else operator.weights.reshape(len(operator.weights), -1)
            for operator in graph.operators
            if isinstance(operator, Conv2d | Dense | DepthwiseConv2d)
        ]
        return Cell(method, size, self.seed, graph.macs, graph.parameter_bytes, costs, weight_bytes(weights), figures)
