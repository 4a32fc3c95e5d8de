"""From windows to a data set: copies out, groups joined, sides apart.

The rules, in this order; "pair" is a pair of near-duplicate windows of two recordings (`duplicates`), or two
recordings with the same bytes:

1. a recording of which two copies carry different labels is dropped, both copies: nobody knows which label is right;
2. a pair across training and field drops the whole *field* recording, so that the field stays foreign;
3. any other pair joins the two groups, and of the two windows the later one (order of the recipe) is dropped;
4. without a given split, groups are drawn into the field only now, after they have been joined.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..errors import DataFault
from .clips import Clip, Dataset, Split
from .duplicates import DisjointSets, find_duplicates
from .hearing import Heard

#: Share of each class's recordings that a user's own data gives to the field set, in whole groups.
FIELD_SHARE = 0.25


@dataclass
class _Findings:
    """What the pairs say, gathered before anything is dropped. Recordings and windows are given by index."""

    groups: DisjointSets
    dropped_recordings: set[int] = field(default_factory=set)
    dropped_windows: set[int] = field(default_factory=set)
    pairs: int = 0
    crossing: set[int] = field(default_factory=set)
    contradicting: set[int] = field(default_factory=set)


def curate(
    name: str, classes: Sequence[str], heard: Iterable[Heard], *, sample_rate: int, notices: Sequence[str] = ()
) -> Dataset:
    """Apply the rules above to labelled recordings (those without label or windows are left out).

    Args:
        name: of the data set.
        classes: order of the logits.
        heard: in the recipe's order, which decides what of two copies stays.
        sample_rate: Hz.
        notices: passed on, before those of the curation.

    Raises:
        DataFault: a user's class has too few groups for two sides.
    """
    kept = [item for item in heard if item.label is not None and item.starts]
    if not kept:
        raise DataFault("no recording has any sound in it", where=name)
    pcm = np.concatenate([item.pcm for item in kept])
    owners = np.repeat(np.arange(len(kept)), [len(item.starts) for item in kept])
    findings = _find(kept, pcm, owners, sample_rate)
    group_of = _joined_groups(kept, findings.groups)
    present = [index for index in range(len(kept)) if index not in findings.dropped_recordings]
    split_of = _splits(kept, present, group_of)
    clips: list[Clip] = []
    rows: list[int] = []
    row = -1
    for index, item in enumerate(kept):
        # Drawn only now, a field recording may have come with more than the one window that the field takes of it.
        drawn = item.recording.split is None and split_of.get(index) == "field"
        for place, start in enumerate(item.starts):
            row += 1
            wanted = index not in findings.dropped_recordings and row not in findings.dropped_windows
            if wanted and not (drawn and place):
                clips.append(_clip(item, start, split_of[index], group_of[index]))
                rows.append(row)
    return assemble(name, classes, clips, pcm[rows], [*notices, *_notices(kept, findings)])


def assemble(
    name: str, classes: Sequence[str], clips: Sequence[Clip], pcm: NDArray[np.int16], notices: Sequence[str] = ()
) -> Dataset:
    """A data set with its fingerprint."""
    digest = hashlib.sha256(json.dumps([name, list(classes)]).encode())
    for clip in clips:
        digest.update(json.dumps(asdict(clip), sort_keys=True).encode())
    digest.update(np.ascontiguousarray(pcm).astype("<i2", copy=False).tobytes())
    return Dataset(name, tuple(classes), tuple(clips), pcm, digest.hexdigest(), tuple(notices))


def _find(kept: Sequence[Heard], pcm: NDArray[np.int16], owners: NDArray[np.intp], sample_rate: int) -> _Findings:
    found = _Findings(DisjointSets(len(kept)))
    for first, second in _same_bytes(kept):
        _judge(kept, found, first, second)
        if second not in found.dropped_recordings:
            found.dropped_recordings.add(second)
    for pair in find_duplicates(pcm, owners, sample_rate=sample_rate):
        found.pairs += 1
        _judge(kept, found, int(owners[pair.first]), int(owners[pair.second]))
        found.dropped_windows.add(pair.second)
    return found


def _judge(kept: Sequence[Heard], found: _Findings, first: int, second: int) -> None:
    """Rules 1 to 3 for a pair of recordings, but for the later window."""
    sides = kept[first].recording.split, kept[second].recording.split
    if kept[first].label != kept[second].label:
        found.contradicting.update((first, second))
        found.dropped_recordings.update((first, second))
    if sides[0] != sides[1]:
        field_one = first if sides[0] == "field" else second
        found.crossing.add(field_one)
        found.dropped_recordings.add(field_one)
    else:
        found.groups.union(first, second)


def _same_bytes(kept: Sequence[Heard]) -> list[tuple[int, int]]:
    """Pairs (first, later copy) of recordings with the same bytes, unless they are different parts of one file."""
    first_of: dict[tuple[str, float], int] = {}
    pairs: list[tuple[int, int]] = []
    for index, item in enumerate(kept):
        first = first_of.setdefault((item.sha256, item.recording.start), index)
        if first != index:
            pairs.append((first, index))
    return pairs


def _joined_groups(kept: Sequence[Heard], sets: DisjointSets) -> list[str]:
    """Group of each recording: all recordings of one group or one set share the name of the first of them."""
    first_of_group: dict[tuple[str, Split | None], int] = {}
    for index, item in enumerate(kept):
        key = (item.recording.group, item.recording.split)
        sets.union(first_of_group.setdefault(key, index), index)
    return [kept[sets.find(index)].recording.group for index in range(len(kept))]


def _splits(kept: Sequence[Heard], present: Sequence[int], group_of: Sequence[str]) -> dict[int, Split]:
    """Rule 4: the split of each present recording; drawn ones go by the hash of the group, class by class."""
    splits: dict[int, Split] = {}
    undecided = [index for index in present if kept[index].recording.split is None]
    drawn = _draw_field_groups([(str(kept[index].label), group_of[index]) for index in undecided])
    for index in present:
        given = kept[index].recording.split
        splits[index] = given if given is not None else ("field" if group_of[index] in drawn else "train")
    return splits


def _draw_field_groups(labelled: Sequence[tuple[str, str]]) -> set[str]:
    """Groups for the field: about `FIELD_SHARE` of each class, at least one group, and never the last one left."""
    members: dict[str, Counter[str]] = defaultdict(Counter)
    for label, group in labelled:
        members[label][group] += 1
    field_groups: set[str] = set()
    for label, counts in sorted(members.items(), key=lambda item: len(item[1])):
        if len(counts) < 2:
            raise DataFault(
                f"class {label!r} has recordings of one group only, so it can't be both learnt and tested",
                where="user's data",
                hint="give two or more groups (speakers, sources) for each class, in the CSV's column 'group'",
            )
        wanted = FIELD_SHARE * counts.total()
        taken = sum(count for group, count in counts.items() if group in field_groups)
        left = len([group for group in counts if group not in field_groups])
        for group in sorted(counts, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if group in field_groups or left == 1 or taken >= wanted:
                continue
            if taken == 0 or taken + counts[group] / 2 <= wanted:
                field_groups.add(group)
                taken, left = taken + counts[group], left - 1
    return field_groups


def _clip(item: Heard, start: int, split: Split, group: str) -> Clip:
    recording = item.recording
    offset = round(recording.start * 1000)
    part = f"{item.sha256[:16]}@{start}" if not offset else f"{item.sha256[:16]}+{offset}ms@{start}"
    return Clip(
        id=part,
        label=str(item.label),
        split=split,
        group=group,
        package=recording.package,
        version=recording.version,
        path=recording.path,
        start=start,
        licence=recording.licence,
        sha256=item.sha256,
        kind=recording.kind,
    )


_NAMED = 5


def _notices(kept: Sequence[Heard], found: _Findings) -> list[str]:
    def named(indices: set[int]) -> str:
        files = [kept[index].recording.path.rpartition("/")[2] for index in sorted(indices)]
        rest = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
        return ", ".join(files[:_NAMED]) + rest

    notices = [f"{found.pairs} near-duplicate pairs of windows: groups joined, the later window dropped"]
    if found.crossing:
        notices.append(f"dropped from the field, a copy is in training: {named(found.crossing)}")
    if found.contradicting:
        notices.append(f"dropped, its copies carry different labels: {named(found.contradicting)}")
    return notices
