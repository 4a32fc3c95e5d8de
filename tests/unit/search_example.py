"""A search in small: two kinds of sound as features, few rows, few steps; and a linker that only counts."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from proofboard_host.application import Application, load_application
from proofboard_host.compress import compress
from proofboard_host.frontend.specification import FrontendSpec
from proofboard_host.graph import reference
from proofboard_host.graph.graph import Graph
from proofboard_host.search.candidate import Candidate
from proofboard_host.search.costs import Budgets, Costs
from proofboard_host.search.student import Effort
from proofboard_host.search.workbench import Efforts, Workbench
from proofboard_host.train.material import Material, save_material
from proofboard_host.train.network import FloatNetwork
from proofboard_host.train.pipeline import MATERIAL, TrainedApplication
from proofboard_host.train.trainer import TrainingSet, deterministic, train

FRAMES, BANDS, FOLDS, CLIPS = 31, 32, 2, 160
QUICK = Efforts(Effort(120, 1e-2, 64), Effort(80, 5e-3, 64), Effort(40, 5e-3, 64), Effort(40, 1e-3, 64), pool_rows=4000)
ROOMY = Budgets(1 << 20, 1 << 18, 1.0)

CANDIDATE = Candidate(
    frame_step=2,
    bands=16,
    kernel=2,
    stride=2,
    channels=4,
    hidden=4,
    grown=8,
    rank=0,
    bits=4,
    head_bits=8,
    rounding="second_order",
    distilled=0.8,
)


def small_application() -> Application:
    """The shipped one with two folds and hardly any training."""
    application = load_application("scream")
    section = dataclasses.replace(application.train, folds=FOLDS, epochs=10, batch=64)
    return dataclasses.replace(application, train=section)


def make_material(seed: int) -> Material:
    """Positive clips hold a short burst in the upper bands; half of the clips are copies of one another's kind."""
    rng = np.random.default_rng(seed)
    labels = np.arange(CLIPS) % 2
    features = rng.normal(12, 1.0, (CLIPS, FRAMES, BANDS)) + rng.uniform(-2, 2, (CLIPS, 1, 1))
    for clip in np.flatnonzero(labels):
        start = rng.integers(0, FRAMES - 6)
        features[clip, start : start + 6, 18:26] += 6
    clip = np.arange(CLIPS)
    return Material(np.asarray(features * 256, np.int16), labels, clip, clip // 2 % FOLDS, CLIPS, clip // 4)


def make_teachers(application: Application, material: Material) -> list[FloatNetwork]:
    teachers = []
    with deterministic():
        for side in (*range(FOLDS), None):
            rows = material.side(side)
            data = TrainingSet(material.features[rows], material.labels[rows], np.ones(len(rows)), 30)
            teachers.append(train(data, (FRAMES * BANDS, 8, 2), application.train, seed=1))
    return teachers


def make_bench(efforts: Efforts = QUICK) -> Workbench:
    application, material = small_application(), make_material(1)
    teachers = make_teachers(application, material)
    logits = np.zeros((CLIPS, 2), np.float32)
    for fold in range(FOLDS):
        rows = material.held_out(fold)
        logits[rows] = teachers[fold].forward(material.features[rows])
    return Workbench.prepare(application, material, teachers, logits, efforts)


@dataclass(frozen=True)
class CountingCosts:
    """Costs that follow from the graph alone."""

    identity: str = "counting"

    def measure(self, graph: Graph, specification: FrontendSpec) -> Costs:
        cycles = graph.macs + 100 * specification.frames(16000)
        return Costs(graph.parameter_bytes + 9000, 40_000, cycles, cycles / 1e6)


class Recordings:
    """What a search asks of a data set; the sound has nothing to do with the features, so little is asked of it."""

    pcm = np.random.default_rng(5).integers(-3000, 3000, (CLIPS, 16000)).astype(np.int16)

    def indices(self, side: str) -> np.ndarray:
        assert side == "train"
        return np.arange(CLIPS)

    def labels(self, side: str) -> np.ndarray:
        assert side == "train"
        return make_material(1).labels

    def groups(self, side: str) -> list[str]:
        assert side == "train"
        return [f"speaker {clip // 4}" for clip in range(CLIPS)]


def searching_application() -> Application:
    """The small one, with a search of three candidates and wide margins."""
    small = small_application()
    section = dataclasses.replace(
        small.compress, scheme="search", margin=0.2, recall_margin=0.4, shift_margin=0.9, trials=3
    )
    return dataclasses.replace(small, compress=section)


def make_trained(application: Application, folder: Path) -> TrainedApplication:
    """What training would have left in `folder`."""
    material = make_material(1)
    save_material(material, folder / MATERIAL)
    teachers = make_teachers(application, material)
    logits, integers, scales = np.zeros((CLIPS, 2), np.float32), np.zeros((CLIPS, 2), np.int32), np.zeros(CLIPS)
    for fold in range(FOLDS):
        rows = material.held_out(fold)
        logits[rows] = teachers[fold].forward(material.features[rows])
        graph = compress(teachers[fold], material.features, application)
        integers[rows] = reference.run(graph, material.features[rows].reshape(len(rows), -1)).logits
        scales[rows] = graph.output.scale
    plain = compress(teachers[-1], material.features, application)
    return TrainedApplication(
        tuple(teachers), plain, material.fold, logits, integers, scales, key="k" * 64, folder=folder, cached=True
    )
