"""The rules that keep sides and folds apart, on recordings made for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from data_example import RATE, noise
from proofboard_host.data.check import check
from proofboard_host.data.clips import Dataset, Split
from proofboard_host.data.curate import curate
from proofboard_host.data.hearing import Heard
from proofboard_host.data.recordings import Recording
from proofboard_host.errors import DataFault

CLASSES = ("other", "scream")


def one(
    seed: int, *, group: str, label: str = "other", split: Split | None = "train", name: str = "", windows: int = 1
) -> Heard:
    """A recording whose sound follows from `seed`; `name` makes it another file with the same sound."""
    path = f"{group}/{name or seed}"
    recording = Recording(Path(path), "", path, "noise", label, split, group, "package", "1", "CC0", windows)
    pcm = np.stack([noise(1000 * seed + row) for row in range(windows)])
    return Heard(recording, f"{path:_<64}", label, None, tuple(row * RATE for row in range(windows)), pcm)


def curated(*heard: Heard) -> Dataset:
    return curate("test", CLASSES, heard, sample_rate=RATE)


def paths(dataset: Dataset) -> list[str]:
    return [clip.path for clip in dataset.clips]


def test_a_field_recording_with_a_copy_in_training_is_dropped_whole() -> None:
    dataset = curated(one(1, group="a"), one(1, group="b", split="field", windows=3), one(2, group="c", split="field"))
    assert paths(dataset) == ["a/1", "c/2"]
    assert any(notice.startswith("dropped from the field") for notice in dataset.notices)


def test_copies_on_one_side_join_their_groups_and_one_stays() -> None:
    dataset = curated(one(1, group="a"), one(1, group="b"), one(2, group="b"), one(3, group="c"))
    assert paths(dataset) == ["a/1", "b/2", "c/3"]
    assert dataset.groups("train") == ("a", "a", "c")


def test_copies_with_different_labels_are_both_dropped() -> None:
    dataset = curated(one(1, group="a"), one(1, group="b", label="scream"), one(2, group="c", label="scream"))
    assert paths(dataset) == ["c/2"]


def test_a_drawn_split_keeps_groups_whole_and_both_classes_on_both_sides() -> None:
    heard = [
        one(100 * group + item, group=f"g{group}", label=CLASSES[group % 2], split=None, windows=2)
        for group in range(12)
        for item in range(3)
    ]
    dataset = curated(*heard)
    report = check(dataset, sample_rate=RATE)
    assert report.holds, [item for item in report.checks if not item.holds]
    share = len({path for path, clip in zip(paths(dataset), dataset.clips, strict=True) if clip.split == "field"}) / 36
    assert 0.1 < share < 0.4
    # A field clip is a recording; training takes every window.
    assert len(dataset.indices("field")) == share * 36
    assert len(dataset.indices("train")) == 2 * (36 - share * 36)
    assert curated(*heard).fingerprint == dataset.fingerprint


def test_one_group_cannot_be_on_two_sides() -> None:
    with pytest.raises(DataFault, match=r"(?s)'scream'.*column 'group'"):
        curated(*[one(seed, group="a", label="scream", split=None) for seed in range(4)])


def test_labels_and_indices_go_together() -> None:
    dataset = curated(one(1, group="a", label="scream"), one(2, group="b", split="field"), one(3, group="c"))
    assert dataset.labels("train").tolist() == [1, 0]
    assert dataset.indices("train").tolist() == [0, 2]
    assert dataset.labels("field").tolist() == [0]


def test_the_fingerprint_covers_samples_and_fields() -> None:
    first = curated(one(1, group="a"), one(2, group="b"))
    assert first.fingerprint != curated(one(1, group="a"), one(3, group="b", name="2")).fingerprint
    assert first.fingerprint != curated(one(1, group="a"), one(2, group="c", name="../b/2")).fingerprint


def test_nothing_to_curate() -> None:
    with pytest.raises(DataFault, match="no recording"):
        curated()
