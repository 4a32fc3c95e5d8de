"""The whole station on small folders, and the real recipe as a slow test."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from data_example import RATE, noise, voice, write_wav
from proofboard_host.application import load_application
from proofboard_host.data import hearing
from proofboard_host.data.attribution import write_attribution, write_lock
from proofboard_host.data.build import build_dataset
from proofboard_host.data.check import check
from proofboard_host.data.clips import Dataset
from proofboard_host.errors import DataFault

APPLICATION = load_application("scream")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    for item in range(6):
        write_wav(tmp_path / "mine/other" / f"{item}.wav", noise(item, 2.5), rate=22_050)
        scream = 0.7 * voice(500 + 97 * item, 1.4) + 0.3 * noise(50 + item, 1.4)
        write_wav(tmp_path / "mine/scream" / f"{item}.wav", scream.astype(np.int16))
    return tmp_path / "mine"


def build(mine: Path, tmp_path: Path) -> Dataset:
    return build_dataset(APPLICATION, data=mine, cache=tmp_path / "cache")


def test_a_folder_becomes_a_clean_data_set(mine: Path, tmp_path: Path) -> None:
    dataset = build(mine, tmp_path)
    assert dataset.pcm.shape == (len(dataset.clips), APPLICATION.audio.window)
    assert dataset.pcm.dtype == np.int16
    assert check(dataset, sample_rate=RATE).holds
    assert {clip.licence for clip in dataset.clips} == {"unstated"}


def test_the_second_build_reads_the_first(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(mine, tmp_path)
    monkeypatch.setattr(hearing, "decode", None)
    second = build(mine, tmp_path)
    assert second.clips == first.clips
    assert second.fingerprint == first.fingerprint
    assert not second.pcm.flags.writeable


def test_a_damaged_cache_is_built_again(mine: Path, tmp_path: Path) -> None:
    first = build(mine, tmp_path)
    for path in (tmp_path / "cache/datasets").glob("*.json"):
        path.write_text("{")
    assert build(mine, tmp_path).fingerprint == first.fingerprint


def test_the_number_of_processes_changes_nothing(mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = build(mine, tmp_path / "alone")
    monkeypatch.setattr(hearing, "_WORTH_A_POOL", 1)
    assert build(mine, tmp_path / "pool").fingerprint == alone.fingerprint


def test_another_file_gives_another_data_set(mine: Path, tmp_path: Path) -> None:
    first = build(mine, tmp_path)
    write_wav(mine / "other" / "new.wav", noise(99, 1.0))
    assert build(mine, tmp_path).fingerprint != first.fingerprint


def test_a_corrupt_file_is_named_and_nothing_is_kept(mine: Path, tmp_path: Path) -> None:
    (mine / "scream/3.wav").write_bytes(b"RIFF....WAVE")
    with pytest.raises(DataFault, match=r"scream/3\.wav"):
        build(mine, tmp_path)
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_copies_under_both_labels_leave_a_class_empty(tmp_path: Path) -> None:
    for item in range(4):
        for name in ("other", "scream"):
            write_wav(tmp_path / "mine" / name / f"{item}.wav", noise(item))
    with pytest.raises(DataFault, match=r"(?s)no clip of class.*different labels"):
        build(tmp_path / "mine", tmp_path)


def test_missing_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="no such file"):
        build(tmp_path / "nowhere", tmp_path)


def test_attribution_and_lock(mine: Path, tmp_path: Path) -> None:
    dataset = build(mine, tmp_path)
    write_attribution(dataset, tmp_path / "run/ATTRIBUTION.md")
    text = (tmp_path / "run/ATTRIBUTION.md").read_text()
    assert dataset.fingerprint in text
    assert f"| mine | – | unstated | 12 | {len(dataset.clips)} |" in text
    write_lock(dataset, tmp_path / "run/dataset.lock.json")
    lock = json.loads((tmp_path / "run/dataset.lock.json").read_text())
    assert [clip["id"] for clip in lock["clips"]] == [clip.id for clip in dataset.clips]
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"ATTRIBUTION.md", "dataset.lock.json"}


def test_an_unwritable_place_is_an_error(mine: Path, tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="can't be written"):
        write_lock(build(mine, tmp_path), mine / "other" / "0.wav" / "dataset.lock.json")


@pytest.mark.slow
def test_the_debian_recipe() -> None:
    """Downloads 730 MB of packages unless the user's cache has them."""
    dataset = build_dataset(APPLICATION)
    counts = Counter((clip.split, clip.label) for clip in dataset.clips)
    assert counts["train", "scream"] >= 80
    assert counts["field", "scream"] >= 100
    assert 3500 <= counts["train", "other"] + counts["train", "scream"] <= 6000
    assert 800 <= counts["field", "other"] <= 1500
    recordings = [clip.path for clip in dataset.clips if (clip.split, clip.label) == ("field", "scream")]
    assert len(set(recordings)) == len(recordings)
    report = check(dataset, sample_rate=RATE)
    assert report.holds, [item for item in report.checks if not item.holds]
