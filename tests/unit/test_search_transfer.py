"""What students learn from without labels, and the clips heard elsewhere: no fold hears another."""

from __future__ import annotations

import dataclasses
from typing import cast

import numpy as np
import pytest
import torch
from proofboard_host.data.clips import Dataset
from proofboard_host.search.pool import Pool, build_pool
from proofboard_host.search.shift import OTHERS, ShiftSet, build_shift_set
from proofboard_host.search.student import Lessons
from proofboard_host.search.transfer import build_transfer
from proofboard_host.train.network import FloatLayer, FloatNetwork
from proofboard_host.train.trainer import deterministic
from search_example import BANDS, CLIPS, FOLDS, FRAMES, make_material, small_application
from torch.nn import functional

ROWS = 2000


def make_transfer(material_seed: int = 1, *, silenced: int | None = None) -> Pool:
    material = make_material(material_seed)
    if silenced is not None:
        features = material.features.copy()
        features[material.fold == silenced] = 0
        material = dataclasses.replace(material, features=features)
    with deterministic():
        return build_transfer(small_application(), material, seed=3, rows=ROWS)


def test_what_is_made_of_two_sounds_is_of_one_fold() -> None:
    """One fold is silenced: rows of the others stay the same to the last bit."""
    whole, other = make_transfer(), make_transfer(silenced=0)
    np.testing.assert_array_equal(whole.row, other.row)
    kept = make_material(1).fold[whole.row] != 0
    np.testing.assert_array_equal(whole.features[kept], other.features[kept])
    assert not np.array_equal(whole.features[~kept], other.features[~kept])


def test_it_lies_further_out_than_the_pool() -> None:
    material = make_material(1)
    with deterministic():
        near = build_pool(small_application(), material, seed=3, rows=ROWS)
    far = make_transfer()

    def distance(pool: Pool) -> float:
        return float(np.abs(pool.features.astype(float) - material.features[pool.row]).mean())

    assert distance(far) > 1.3 * distance(near)
    assert (material.labels[far.row] == 1).mean() == pytest.approx(0.2, abs=0.04)


def test_without_labels_only_the_answers_count() -> None:
    answers = torch.tensor([[2.0, -1.0], [0.5, 0.0]])
    logits = torch.tensor([[0.3, 0.1], [-1.0, 1.0]])
    target = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    rows = torch.tensor([0, 1])

    def loss(trust: list[float], labels: torch.Tensor = target) -> float:
        return float(Lessons(answers, labels, torch.ones(2), answers, torch.tensor(trust)).loss(logits, rows))

    assert loss([1.0, 1.0]) == loss([1.0, 1.0], 1 - target)
    assert loss([0.0, 0.0]) == pytest.approx(float(functional.cross_entropy(logits, target)))
    assert loss([0.0, 1.0]) != loss([0.0, 1.0], 1 - target)


@dataclasses.dataclass(frozen=True)
class Recordings:
    """Sound of as many clips as the material has."""

    pcm: np.ndarray

    def indices(self, side: str) -> np.ndarray:
        assert side == "train"
        return np.arange(CLIPS)


def make_shift(pcm: np.ndarray) -> ShiftSet:
    rng = np.random.default_rng(2)
    layer = FloatLayer(rng.normal(0, 0.1, (2, FRAMES * BANDS)).astype(np.float32), np.zeros(2, np.float32))
    teachers = [FloatNetwork((layer,))] * (FOLDS + 1)
    return build_shift_set(small_application(), cast(Dataset, Recordings(pcm)), make_material(1), teachers)


def test_clips_heard_elsewhere_take_nothing_from_other_folds() -> None:
    rng = np.random.default_rng(6)
    pcm = rng.integers(-6000, 6000, (CLIPS, 16000)).astype(np.int16)
    material, whole = make_material(1), make_shift(pcm)
    assert OTHERS > CLIPS
    np.testing.assert_array_equal(whole.clip, np.arange(CLIPS))
    np.testing.assert_array_equal(whole.labels, material.labels)
    assert whole.features.shape == (CLIPS, FRAMES, BANDS)
    changed = pcm.copy()
    changed[material.fold == 1] = rng.integers(-6000, 6000, changed[material.fold == 1].shape)
    again = make_shift(changed)
    kept = whole.fold == 0
    np.testing.assert_array_equal(whole.features[kept], again.features[kept])
    assert not np.array_equal(whole.features[~kept], again.features[~kept])
