"""From a candidate to integer graphs: one for every fold, judged on what it has not seen, and one from all clips."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property

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
from .pool import POOL_ROWS, Pool, build_pool, label_targets, side_weights
from .shift import ShiftSet
from .structure import factorise, prune_channels
from .student import Effort, Geometry, Lessons, Student, export, fit, make_student
from .transfer import build_transfer

NAME = "compressed"
_CALIBRATION_ROWS = 2000
_ANSWERED_AT_ONCE = 4096  # rows: what lies between stays within tens of megabytes


@dataclass(frozen=True)
class Efforts:
    """Training of a candidate, stage by stage; a stage that the candidate does not ask for is left out.

    `pruning_steps`: channels leave in so many equal steps, each followed by its share of `pruned`.
    `pool_rows`: hearings in the pool, and as many in the transfer set.
    """

    first: Effort = field(default=Effort(600, 5e-3))
    pruned: Effort = field(default=Effort(800, 3e-3))
    factorised: Effort = field(default=Effort(300, 3e-3))
    aware: Effort = field(default=Effort(250, 1e-3, decay=0.0))
    pruning_steps: int = 2
    pool_rows: int = POOL_ROWS


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a candidate came to with one seed.

    Attributes:
        graph: from all clips.
        inputs: what it reads.
        logits: out of fold, int32 [clips, classes], of the folds' own graphs.
        scales: real value of one step of `logits` [clips].
        shifted: real-valued logits of the folds' graphs on the shift set [n, classes]; None where there is none.
    """

    candidate: Candidate
    seed: int
    graph: Graph
    inputs: Inputs
    logits: npt.NDArray[np.int32]
    scales: npt.NDArray[np.float64]
    shifted: npt.NDArray[np.float64] | None = None

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
        transfer: hearings without labels, which a student that is distilled learns from as much as from the pool.
        shift: the clips heard elsewhere, which candidates are judged on as well.
    """

    application: Application
    material: Material
    pool: Pool
    teachers: Sequence[FloatNetwork]
    positives: int
    efforts: Efforts = field(default_factory=Efforts)
    transfer: Pool | None = None
    shift: ShiftSet | None = None

    @classmethod
    def prepare(
        cls,
        application: Application,
        material: Material,
        teachers: Sequence[FloatNetwork],
        oof_baseline: npt.NDArray[np.floating],
        efforts: Efforts | None = None,
        shift: ShiftSet | None = None,
    ) -> Workbench:
        """Vary the pools; `oof_baseline` are the baseline's out-of-fold logits [clips, classes]."""
        efforts = efforts or Efforts()
        with deterministic():
            seed, rows = application.train.seed, efforts.pool_rows
            pool = build_pool(application, material, seed=seed, rows=rows)
            transfer = build_transfer(application, material, seed=seed, rows=rows)
        positive = application.data.classes.index(application.data.positive)
        positives = int((oof_baseline.argmax(axis=1) == positive).sum())
        return cls(application, material, pool, teachers, positives, efforts, transfer, shift)

    @cached_property
    def heard(self) -> Pool:
        """The pool and behind it the transfer set."""
        if self.transfer is None:
            return self.pool
        return Pool(
            np.concatenate([self.pool.features, self.transfer.features]),
            np.concatenate([self.pool.row, self.transfer.row]),
        )

    @cached_property
    def answers(self) -> list[npt.NDArray[np.float32]]:
        """What each of the teachers says of what is `heard`: logits [rows, classes]. The same for all candidates."""
        features = self.heard.features
        starts = range(0, len(features), _ANSWERED_AT_ONCE)
        return [
            np.concatenate([teacher.forward(features[start : start + _ANSWERED_AT_ONCE]) for start in starts])
            for teacher in self.teachers
        ]

    def make(self, candidate: Candidate, seed: int) -> Outcome:
        """Train a candidate for every side.

        Raises:
            ModelFault: training diverged, or a layer can't be held in integers.
        """
        folds = self.application.train.folds
        sides: list[int | None] = [*range(folds), None]
        with deterministic(), ThreadPoolExecutor(WORKERS) as pool:
            _ = self.answers  # once, before threads ask for them
            made = list(pool.map(lambda side: self._fit_side(candidate, side, seed), sides))
        settled, logits, scales = self.settle(made)
        graph, inputs = settled[folds]
        return Outcome(candidate, seed, graph, inputs, logits, scales, self._elsewhere(settled))

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
        held_out, scales = self._held_out(made[:folds])
        logits, positives = held_out * scales[:, None], self.positives
        elsewhere = self._elsewhere(made)
        if self.shift is not None and elsewhere is not None:
            # As many false alarms in rooms as the baseline: these clips count like the others.
            other = self.shift.labels != positive
            logits = np.concatenate([logits, elsewhere[other]])
            positives += int((self.shift.baseline[other].argmax(axis=1) == positive).sum())
        shift = matching_shift(logits, positive, positives)
        shifted = [(shift_logit(graph, positive, shift), inputs) for graph, inputs in made]
        return shifted, *self._held_out(shifted[:folds])

    def _elsewhere(self, made: Sequence[tuple[Graph, Inputs]]) -> npt.NDArray[np.float64] | None:
        """Real-valued logits of the folds' graphs on the shift set [n, classes]."""
        if self.shift is None:
            return None
        answers = np.zeros(self.shift.baseline.shape)
        for fold, (graph, inputs) in enumerate(made[: self.application.train.folds]):
            rows = np.flatnonzero(self.shift.fold == fold)
            features = inputs.of(self.shift.features[rows]).reshape(len(rows), -1)
            logits: npt.NDArray[np.int32] = np.asarray(reference.run(graph, features).logits, np.int32)
            answers[rows] = logits * graph.output.scale
        return answers

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
        lessons = self._lessons(candidate, side, inputs)
        chance = torch.Generator().manual_seed(seed * 1000 + index)
        student = make_student(candidate, geometry, inputs.of(calibration), len(application.data.classes), chance)
        self._train(student, candidate, geometry, lessons, chance)
        graph = self._quantise(student, candidate, geometry, lessons, inputs.of(calibration), chance)
        return graph, inputs

    def _lessons(self, candidate: Candidate, side: int | None, inputs: Inputs) -> Lessons:
        """The pool with labels and, where there is distillation, as many draws of the transfer set without."""
        near = side_weights(self.application, self.material, self.pool, side)
        if candidate.distilled == 0 or self.transfer is None:
            far = np.zeros(len(self.heard.row) - len(near))
        else:
            far = side_weights(self.application, self.material, self.transfer, side)
        trust = np.concatenate([np.full(len(near), candidate.distilled), np.ones(len(far))])
        return Lessons(
            torch.from_numpy(inputs.of(self.heard.features)),
            torch.from_numpy(label_targets(self.material, self.heard, len(self.application.data.classes))),
            torch.from_numpy(np.concatenate([near, far])),
            torch.from_numpy(self.answers[self.application.train.folds if side is None else side]),
            torch.from_numpy(trust.astype(np.float32)),
        )

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

            chain = train_on_grid(chain, factors, geometry, bits, candidate.gather, lessons, self.efforts.aware, chance)
        rounding: Rounding = "second_order" if candidate.rounding == "second_order" else "nearest"
        classes = self.application.data.classes
        return quantise_chain(chain, calibration, Quantisation(bits, rounding), name=NAME, classes=classes)
