"""`check` sees each fault that is put into a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from data_example import RATE, noise
from proofboard_host.data.check import check, show
from proofboard_host.data.clips import Clip, Dataset
from proofboard_host.data.curate import assemble

Damage = Callable[[list[Clip], np.ndarray], None]


def sound_dataset(damage: Damage = lambda clips, pcm: None) -> Dataset:
    clips = [
        Clip(
            id=f"c{row}",
            label=("other", "scream")[row % 2],
            split="train" if row < 4 else "field",
            group=f"g{row}",
            package="p",
            version="1",
            path=f"f{row}",
            start=0,
            licence="CC0",
            sha256=f"{row:064x}",
            kind="noise",
        )
        for row in range(8)
    ]
    pcm = np.stack([noise(row) for row in range(8)])
    damage(clips, pcm)
    return assemble("test", ("other", "scream"), clips, pcm)


def near_copy(clips: list[Clip], pcm: np.ndarray) -> None:
    pcm[5, 500:] = pcm[1, :-500] // 2


def same_samples(clips: list[Clip], pcm: np.ndarray) -> None:
    pcm[5] = pcm[1]


def one_group_on_both_sides(clips: list[Clip], pcm: np.ndarray) -> None:
    clips[5] = replace(clips[5], group="g1")


def one_file_on_both_sides(clips: list[Clip], pcm: np.ndarray) -> None:
    clips[5] = replace(clips[5], sha256=clips[1].sha256)


def no_licence(clips: list[Clip], pcm: np.ndarray) -> None:
    clips[5] = replace(clips[5], licence="")


def no_field_scream(clips: list[Clip], pcm: np.ndarray) -> None:
    clips[5], clips[7] = (replace(clips[row], label="other") for row in (5, 7))


def two_of_one_id(clips: list[Clip], pcm: np.ndarray) -> None:
    clips[5] = replace(clips[5], id="c1")


def test_a_clean_set_passes() -> None:
    report = check(sound_dataset(), sample_rate=RATE)
    assert report.holds
    assert all(item.examined for item in report.checks)


@pytest.mark.parametrize(
    ("damage", "claim"),
    [
        (near_copy, "near-duplicates"),
        (same_samples, "same samples"),
        (one_group_on_both_sides, "every group"),
        (one_file_on_both_sides, "every recording"),
        (no_licence, "licence"),
        (no_field_scream, "each class"),
        (two_of_one_id, "clip id"),
    ],
)
def test_each_fault_is_seen(damage: Damage, claim: str) -> None:
    failed = [item for item in check(sound_dataset(damage), sample_rate=RATE).checks if not item.holds]
    assert any(claim in item.claim for item in failed)
    assert all(item.violations for item in failed)


def test_a_changed_sample_breaks_the_fingerprint() -> None:
    dataset = sound_dataset()
    pcm = dataset.pcm.copy()
    pcm[0, 0] += 1
    report = check(replace(dataset, pcm=pcm), sample_rate=RATE)
    assert [item.claim for item in report.checks if not item.holds] == [
        "the fingerprint is that of the clips and samples"
    ]


def test_show_counts_everything_once() -> None:
    rows = show(sound_dataset(), sample_rate=RATE)
    assert [(row.split, row.label, row.clips, row.groups) for row in rows] == [
        ("train", "other", 2, 2),
        ("train", "scream", 2, 2),
        ("field", "other", 2, 2),
        ("field", "scream", 2, 2),
    ]
    assert sum(row.seconds for row in rows) == 8.0
