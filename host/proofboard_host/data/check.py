"""Proof, from the stored samples alone, that sides and folds are clean; and the table that describes a set."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from .clips import SPLITS, Dataset
from .curate import assemble
from .duplicates import find_duplicates


@dataclass(frozen=True)
class Check:
    """One claim; `violations` say in words what contradicts it."""

    claim: str
    examined: int
    violations: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.violations


@dataclass(frozen=True)
class CheckReport:
    """All claims about one data set."""

    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        return all(check.holds for check in self.checks)


@dataclass(frozen=True)
class Row:
    """A line of `show`: what one split has of one class and package. `seconds` is clips times window."""

    split: str
    label: str
    package: str
    version: str
    recordings: int
    clips: int
    seconds: float
    groups: int
    kinds: dict[str, int]
    licences: tuple[str, ...]


def check(dataset: Dataset, *, sample_rate: int) -> CheckReport:
    """Examine a data set without trusting how it was made: nothing but clips and samples is used."""
    clips, pcm = dataset.clips, dataset.pcm
    return CheckReport(
        (
            _no_near_duplicates(dataset, sample_rate),
            _no_repeats(
                "no two windows hold the same samples",
                [sha256(row.tobytes()).hexdigest() for row in pcm],
                dataset,
            ),
            _no_repeats("no clip id occurs twice", [clip.id for clip in clips], dataset),
            _one_side(
                "every recording (by SHA-256) is on one side and in one group", [clip.sha256 for clip in clips], dataset
            ),
            _one_side("every group is on one side", [clip.group for clip in clips], dataset),
            _every_label(dataset),
            Check(
                "every clip has a licence",
                len(clips),
                tuple(f"{clip.id}: {clip.package}: {clip.path}" for clip in clips if not clip.licence),
            ),
            _fingerprint(dataset),
        )
    )


def show(dataset: Dataset, *, sample_rate: int) -> tuple[Row, ...]:
    """What is in a data set: one row for each split, class and package."""
    members: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for index, clip in enumerate(dataset.clips):
        members[clip.split, clip.label, clip.package, clip.version].append(index)
    order: dict[str, int] = {split: place for place, split in enumerate(SPLITS)}
    rows: list[Row] = []
    for (split, label, package, version), indices in members.items():
        clips = [dataset.clips[index] for index in indices]
        rows.append(
            Row(
                split=split,
                label=label,
                package=package,
                version=version,
                recordings=len({clip.path for clip in clips}),
                clips=len(clips),
                seconds=len(clips) * dataset.pcm.shape[1] / sample_rate,
                groups=len({clip.group for clip in clips}),
                kinds=dict(Counter(clip.kind for clip in clips).most_common()),
                licences=tuple(sorted({clip.licence for clip in clips})),
            )
        )
    return tuple(sorted(rows, key=lambda row: (order[row.split], row.label, -row.clips, row.package)))


def _no_near_duplicates(dataset: Dataset, sample_rate: int) -> Check:
    """All pairs of windows of different recordings are searched again; only those inside one group may be alike."""
    clips = dataset.clips
    numbers = {name: number for number, name in enumerate(dict.fromkeys(clip.sha256 for clip in clips))}
    owners = np.array([numbers[clip.sha256] for clip in clips], dtype=np.intp)
    violations = [
        f"{clips[pair.first].id} and {clips[pair.second].id} ({pair.correlation:.2f}): "
        f"{clips[pair.first].split}/{clips[pair.first].group} and {clips[pair.second].split}/{clips[pair.second].group}"
        for pair in find_duplicates(dataset.pcm, owners, sample_rate=sample_rate)
        if (clips[pair.first].split, clips[pair.first].group) != (clips[pair.second].split, clips[pair.second].group)
    ]
    pairs = len(clips) * (len(clips) - 1) // 2
    return Check("no near-duplicates stand on two sides or in two groups", pairs, tuple(violations))


def _no_repeats(claim: str, names: list[str], dataset: Dataset) -> Check:
    first: dict[str, int] = {}
    violations = []
    for index, name in enumerate(names):
        if first.setdefault(name, index) != index:
            violations.append(f"{dataset.clips[first[name]].id} ({dataset.clips[first[name]].path}) and row {index}")
    return Check(claim, len(names), tuple(violations))


def _one_side(claim: str, names: list[str], dataset: Dataset) -> Check:
    places: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for name, clip in zip(names, dataset.clips, strict=True):
        places[name].add((clip.split, clip.group))
    violations = tuple(
        f"{name}: {', '.join('/'.join(place) for place in sorted(found))}"
        for name, found in places.items()
        if len(found) > 1
    )
    return Check(claim, len(places), violations)


def _every_label(dataset: Dataset) -> Check:
    counts: Counter[tuple[str, str]] = Counter((clip.split, clip.label) for clip in dataset.clips)
    missing = [
        f"{split}: no clip of class {name!r}" for split in SPLITS for name in dataset.classes if not counts[split, name]
    ]
    unknown = sorted({clip.label for clip in dataset.clips} - set(dataset.classes))
    return Check(
        "each class has clips on both sides, and there are no other labels",
        len(SPLITS) * len(dataset.classes),
        tuple(missing + [f"unknown label {label!r}" for label in unknown]),
    )


def _fingerprint(dataset: Dataset) -> Check:
    again = assemble(dataset.name, dataset.classes, dataset.clips, dataset.pcm).fingerprint
    violations = () if again == dataset.fingerprint else (f"stored {dataset.fingerprint}, computed {again}",)
    return Check("the fingerprint is that of the clips and samples", 1, violations)
