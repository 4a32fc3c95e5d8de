"""What networks are trained on: features of the training clips, of their augmented copies and of synthetic sounds.

The folds come first. A copy takes its background from clips of its own fold, so no sound crosses a fold's border and
all folds can share one set of copies: whatever is held out, everything made of it is held out as well.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..data.clips import Dataset
from ..errors import DataFault
from ..frontend import reference
from ..frontend.specification import FrontendSpec, build_specification
from ..progress import Progress
from .augment import Augmentation, Treatment, augment
from .synthesis import alarms, screams

Int16 = npt.NDArray[np.int16]
Int64 = npt.NDArray[np.int64]

WORKERS = 2
BRIEF_KINDS = frozenset({"cry", "grunt"})  # kinds that are not screams where they are short
SYNTHETIC_SHARE = 14.0  # synthetic sounds (screams and alarms, half each) of the number of real positive clips, a copy
MOST_COPIES = 24  # the rare class gets up to so many times the copies of the others
_CHUNK = 256  # windows augmented and analysed at a time
SYNTHETIC = -1  # clip and fold of a synthetic sound: in every training side, in no held-out side


@dataclass(frozen=True, eq=False)
class Material:
    """Rows to train on.

    Attributes:
        features: int16 [rows, frames, bands].
        labels: class index [rows].
        clip: for each row the training clip (0 … clips − 1) that it was made of, or `SYNTHETIC`.
        fold: for each row the fold of that clip, or `SYNTHETIC`.
        clips: number of training clips; rows 0 … clips − 1 are those clips themselves, unchanged.
        groups: group of each clip, as a number [clips].
    """

    features: Int16
    labels: Int64
    clip: Int64
    fold: Int64
    clips: int
    groups: Int64

    def side(self, held_out: int | None) -> npt.NDArray[np.intp]:
        """Rows to train on while fold `held_out` is kept back; all rows for None."""
        return np.flatnonzero(self.fold != held_out) if held_out is not None else np.arange(len(self.labels))

    def held_out(self, fold: int) -> npt.NDArray[np.intp]:
        """The clips themselves, no copies, of one fold: the rows to predict."""
        return np.flatnonzero(self.fold[: self.clips] == fold)


def assign_folds(labels: Int64, groups: Sequence[str], folds: int, seed: int) -> Int64:
    """A fold 0 … folds − 1 for each clip: no group torn apart, classes spread as evenly as groups allow.

    Raises:
        DataFault: a class has fewer groups than there are folds.
    """
    # Imported here: a run that takes its results from the cache does not need it.
    from sklearn.model_selection import StratifiedGroupKFold

    _, member = np.unique(np.asarray(groups), return_inverse=True)
    for label in np.unique(labels):
        count = len(np.unique(member[labels == label]))
        if count < folds:
            raise DataFault(
                f"class {label} comes from {count} groups, too few for {folds} folds",
                where="train.folds",
                hint="record from more speakers or places, or take fewer folds",
            )
    fold = np.full(len(labels), -1, np.int64)
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for index, (_, held_out) in enumerate(splitter.split(np.zeros(len(labels)), labels, member)):
        fold[held_out] = index
    return fold


def build_material(
    application: Application,
    dataset: Dataset,
    folds: Int64,
    *,
    plan: Augmentation,
    progress: Progress,
) -> Material:
    """Augment and analyse the training side of `dataset`.

    Args:
        folds: of each training clip, from `assign_folds`.
        plan: ranges of the augmentation.
        progress: counts windows.
    """
    spec = build_specification(application)
    rows, labels = dataset.indices("train"), dataset.labels("train")
    positive = application.data.classes.index(application.data.positive)
    jobs = list(_jobs(application, dataset, rows, labels, folds, positive, plan))
    total = sum(job.windows for job in jobs)
    parts: list[Int16] = []
    done = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        for job, features in zip(jobs, pool.map(partial(_run, spec), jobs), strict=True):
            parts.append(features)
            done += job.windows
            progress(done, total, job.detail)
    _, group = np.unique(np.asarray(dataset.groups("train")), return_inverse=True)
    return Material(
        np.concatenate(parts),
        np.concatenate([job.labels for job in jobs]),
        np.concatenate([job.clip for job in jobs]),
        np.concatenate([job.fold for job in jobs]),
        len(rows),
        group.astype(np.int64),
    )


@dataclass(frozen=True, eq=False)
class _Job:
    """One chunk of windows: `make` gives int16 [windows, samples]; it has its own source of chance."""

    detail: str
    make: Callable[[], Int16]
    labels: Int64
    clip: Int64
    fold: Int64

    @property
    def windows(self) -> int:
        return len(self.labels)


def _run(spec: FrontendSpec, job: _Job) -> Int16:
    return reference.run(spec, job.make())


def _jobs(
    application: Application,
    dataset: Dataset,
    rows: npt.NDArray[np.intp],
    labels: Int64,
    folds: Int64,
    positive: int,
    plan: Augmentation,
) -> Iterator[_Job]:
    section, audio = application.train, application.audio
    for chunk in _chunks(np.arange(len(rows))):
        yield _Job("recordings", partial(dataset.pcm.__getitem__, rows[chunk]), labels[chunk], chunk, folds[chunk])
    treatments = treatments_of(dataset, positive)
    copies = copies_of(labels, section.augmentations)
    for fold in range(section.folds):
        members = np.flatnonzero(folds == fold)
        backgrounds = dataset.pcm[rows[members[labels[members] != positive]]]
        for copy in range(int(copies.max(initial=0))):
            for number, chunk in enumerate(_chunks(members[copies[labels[members]] > copy])):
                make = partial(
                    _augmented,
                    dataset.pcm[rows[chunk]],
                    treatments[chunk],
                    (section.seed, fold, copy, number),
                    backgrounds,
                    audio.sample_rate,
                    plan,
                )
                yield _Job(f"fold {fold + 1}, copy {copy + 1}", make, labels[chunk], chunk, folds[chunk])
    yield from _synthetic_jobs(application, labels, positive, plan)


def _synthetic_jobs(application: Application, labels: Int64, positive: int, plan: Augmentation) -> Iterator[_Job]:
    section, audio = application.train, application.audio
    if len(application.data.classes) != 2 or application.data.positive != "scream":
        return  # screams and alarms mean something to a scream detector only
    amount = round(np.count_nonzero(labels == positive) * SYNTHETIC_SHARE / 2) * section.augmentations
    for kind, (label, synthesise) in enumerate(((positive, screams), (1 - positive, alarms))):
        for number, chunk in enumerate(_chunks(np.full(amount, SYNTHETIC))):
            seed = (section.seed, section.folds + kind, 0, number)
            make = partial(_synthetic, synthesise, len(chunk), audio.window, seed, audio.sample_rate, plan)
            yield _Job(f"synthetic {synthesise.__name__}", make, np.full(len(chunk), label), chunk, chunk)


def _augmented(
    pcm: Int16,
    treatments: Int64,
    seed: tuple[int, ...],
    backgrounds: Int16,
    sample_rate: int,
    plan: Augmentation,
) -> Int16:
    return augment(pcm, treatments, np.random.default_rng(seed), backgrounds, sample_rate=sample_rate, plan=plan)


def _synthetic(
    synthesise: Callable[[int, int, np.random.Generator, int], Int16],
    count: int,
    samples: int,
    seed: tuple[int, ...],
    sample_rate: int,
    plan: Augmentation,
) -> Int16:
    """Synthetic sounds through the channel alone: no recording is mixed in, since they serve every fold."""
    rng = np.random.default_rng(seed)
    pcm = synthesise(count, samples, rng, sample_rate)
    untouched = np.full(count, Treatment.UNCHANGED)
    return augment(pcm, untouched, rng, pcm[:0], sample_rate=sample_rate, plan=plan)


def treatments_of(dataset: Dataset, positive: int) -> Int64:
    """A `Treatment` for each training clip."""
    kinds = [clip.kind for clip in dataset.clips if clip.split == "train"]
    other = [Treatment.BRIEF if kind in BRIEF_KINDS else Treatment.OTHER for kind in kinds]
    return np.where(dataset.labels("train") == positive, int(Treatment.SCREAM), other).astype(np.int64)


def copies_of(labels: Int64, augmentations: int) -> Int64:
    """Augmented copies of a clip, by class [classes]: more for rarer ones, at most `MOST_COPIES` times as many."""
    counts = np.maximum(np.bincount(labels), 1)
    return augmentations * np.clip(counts.max() // counts, 1, MOST_COPIES)


def _chunks(members: npt.NDArray[np.integer]) -> Iterator[Int64]:
    for start in range(0, len(members), _CHUNK):
        yield members[start : start + _CHUNK].astype(np.int64)


def save_material(material: Material, path: Path) -> None:
    """Write the rows beside the result they led to; the file is whole or not there."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **{f.name: getattr(material, f.name) for f in dataclasses.fields(material)})
    temporary.replace(path)


def read_material(path: Path) -> Material | None:
    """What `save_material` wrote; None where there is nothing whole."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return Material(**arrays | {"clips": int(arrays["clips"])})
    except (OSError, BadZipFile, KeyError, TypeError, ValueError):
        return None
