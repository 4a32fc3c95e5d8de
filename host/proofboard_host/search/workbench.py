"""From a candidate to integer graphs: one for every fold, judged on what it has not seen, and one from all clips."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ..application import Application
from ..compress.integer import Quantisation, Rounding, quantise_chain
from ..compress.layers import Chain
from ..graph import reference
from ..graph.graph import Graph
from ..train.material import SYNTHETIC, WORKERS, Material
from ..train.network import FloatNetwork
from ..train.trainer import deterministic
from .candidate import Candidate
from .inputs import Inputs, every_frame, strongest_bands
from .operating_point import matching_shift, shift_logit
from .pool import Pool, build_pool, side_weights, targets
from .structure import factorise, prune_channels
from .student import Effort, Geometry, Lessons, Student, export, fit, make_student

NAME = "compressed"
_CALIBRATION_ROWS = 2000


@dataclass(frozen=True)
class Efforts:
    """Training of a candidate, stage by stage; a stage that the candidate does not ask for is left out.

    `pruning_steps`: channels leave in so many equal steps, each followed by its share of `pruned`.
    """

    first: Effort = field(default=Effort(600, 5e-3))
    pruned: Effort = field(default=Effort(800, 3e-3))
    factorised: Effort = field(default=Effort(300, 3e-3))
    aware: Effort = field(default=Effort(250, 1e-3, decay=0.0))
    pruning_steps: int = 2


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a candidate came to with one seed.

    Attributes:
        graph: from all clips.
        inputs: what it reads.
        logits: out of fold, int32 [clips, classes], of the folds' own graphs.
        scales: real value of one step of `logits` [clips].
    """

    candidate: Candidate
    seed: int
    graph: Graph
    inputs: Inputs
    logits: npt.NDArray[np.int32]
    scales: npt.NDArray[np.float64]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Class of each clip, out of fold [clips]."""
        return self.logits.argmax(axis=1)


@dataclass(frozen=True, eq=False)
class Workbench:
    """All that training a candidate needs.

    Attributes:
        teachers: the baseline of each fold, then that of all clips.
        positives: clips that the baseline calls positive, out of fold: every candidate is set to call as many so.
    """

    application: Application
    material: Material
    pool: Pool
    teachers: Sequence[FloatNetwork]
    positives: int
    efforts: Efforts = field(default_factory=Efforts)

    @classmethod
    def prepare(
        cls,
        application: Application,
        material: Material,
        teachers: Sequence[FloatNetwork],
        oof_baseline: npt.NDArray[np.floating],
        efforts: Efforts | None = None,
    ) -> Workbench:
        """Vary the pool; `oof_baseline` are the baseline's out-of-fold logits [clips, classes]."""
        with deterministic():
            pool = build_pool(application, material, seed=application.train.seed)
        positive = application.data.classes.index(application.data.positive)
        positives = int((oof_baseline.argmax(axis=1) == positive).sum())
        return cls(application, material, pool, teachers, positives, efforts or Efforts())

    def make(self, candidate: Candidate, seed: int) -> Outcome:
        """Train a candidate for every side.

        Raises:
            ModelFault: training diverged, or a layer can't be held in integers.
        """
        folds = self.application.train.folds
        sides: list[int | None] = [*range(folds), None]
        with deterministic(), ThreadPoolExecutor(WORKERS) as pool:
            made = list(pool.map(lambda side: self._fit_side(candidate, side, seed), sides))
        settled, logits, scales = self.settle(made)
        graph, inputs = settled[folds]
        return Outcome(candidate, seed, graph, inputs, logits, scales)

    def settle(
        self, made: Sequence[tuple[Graph, Inputs]]
    ) -> tuple[list[tuple[Graph, Inputs]], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Bring networks to the baseline's operating point.

        Args:
            made: what was trained without each fold, in order, and any that were trained on more.

        Returns:
            The same shifted; the folds' answers to their held-out clips, int32 [clips, classes]; real value of one
            step of those [clips].
        """
        folds = self.application.train.folds
        positive = self.application.data.classes.index(self.application.data.positive)
        shift = matching_shift(*self._held_out(made[:folds]), positive, self.positives)
        shifted = [(shift_logit(graph, positive, shift), inputs) for graph, inputs in made]
        return shifted, *self._held_out(shifted[:folds])

    def _held_out(self, made: Sequence[tuple[Graph, Inputs]]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        material = self.material
        logits = np.zeros((material.clips, len(self.application.data.classes)), np.int32)
        scales = np.zeros(material.clips, np.float64)
        for fold, (graph, inputs) in enumerate(made):
            rows = material.held_out(fold)
            logits[rows] = reference.run(graph, inputs.of(material.features[rows]).reshape(len(rows), -1)).logits
            scales[rows] = graph.output.scale
        return logits, scales

    def _fit_side(self, candidate: Candidate, side: int | None, seed: int) -> tuple[Graph, Inputs]:
        """The candidate trained and quantised on everything but fold `side` (None: on everything)."""
        material, application = self.material, self.application
        index = application.train.folds if side is None else side
        teacher = self.teachers[index]
        rows = material.side(side)
        real = rows[material.clip[rows] != SYNTHETIC]
        calibration = material.features[real[:: max(1, len(real) // _CALIBRATION_ROWS)]]
        frames = every_frame(candidate.frame_step, material.features.shape[1])
        inputs = Inputs(frames, strongest_bands(teacher, calibration, candidate.bands))
        kernel = candidate.kernel_of(len(inputs.frames))
        geometry = Geometry(len(inputs.frames), len(inputs.bands), kernel, candidate.stride)
        lessons = Lessons(
            torch.from_numpy(inputs.of(self.pool.features)),
            torch.from_numpy(targets(material, self.pool, teacher, candidate.distilled)),
            torch.from_numpy(side_weights(application, material, self.pool, side)),
        )
        chance = torch.Generator().manual_seed(seed * 1000 + index)
        student = make_student(candidate, geometry, inputs.of(calibration), len(application.data.classes), chance)
        self._train(student, candidate, geometry, lessons, chance)
        graph = self._quantise(student, candidate, geometry, lessons, inputs.of(calibration), chance)
        return graph, inputs

    def _train(
        self, student: Student, candidate: Candidate, geometry: Geometry, lessons: Lessons, chance: torch.Generator
    ) -> None:
        """Float training, then pruning of channels in steps, then the factors of a low rank."""
        efforts = self.efforts
        pruning = candidate.grown > candidate.channels
        whole = efforts.first.steps + efforts.pruned.steps
        fit(
            student,
            geometry,
            lessons,
            efforts.first if pruning else dataclasses.replace(efforts.first, steps=whole),
            chance,
        )
        if pruning:
            steps = efforts.pruning_steps
            for step in range(1, steps + 1):
                keep = candidate.grown - round((candidate.grown - candidate.channels) * step / steps)
                prune_channels(student, geometry.patch, keep)
                share = dataclasses.replace(efforts.pruned, steps=efforts.pruned.steps // steps)
                fit(student, geometry, lessons, share, chance)
        if candidate.rank:
            first = student.factors[0]
            assert isinstance(first, nn.Linear)
            student.factors = nn.ModuleList(factorise(first, candidate.rank))
            fit(student, geometry, lessons, efforts.factorised, chance)

    def _quantise(
        self,
        student: Student,
        candidate: Candidate,
        geometry: Geometry,
        lessons: Lessons,
        calibration: npt.NDArray[np.int16],
        chance: torch.Generator,
    ) -> Graph:
        chain: Chain = export(student, geometry)
        factors = len(student.factors)
        bits = (candidate.bits,) * factors + (candidate.head_bits,) * len(student.head)
        if candidate.rounding == "aware":
            # Brevitas takes a second to import: only who needs it pays.
            from .quantise_aware import train_on_grid

            chain = train_on_grid(chain, factors, geometry, bits, lessons, self.efforts.aware, chance)
        rounding: Rounding = "second_order" if candidate.rounding == "second_order" else "nearest"
        classes = self.application.data.classes
        return quantise_chain(chain, calibration, Quantisation(bits, rounding), name=NAME, classes=classes)
