"""The adversarial clips are what they claim to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.frontend.adversarial import adversarial_clips

WINDOW = 1000


@given(st.integers(0, 60), st.integers(2, 500), st.integers(0, 1 << 32))
def test_shape_and_type(count: int, window: int, seed: int) -> None:
    clips = adversarial_clips(count, window, seed=seed)
    assert clips.shape == (count, window)
    assert clips.dtype == np.int16


def test_same_seed_same_clips() -> None:
    assert np.array_equal(adversarial_clips(30, WINDOW, seed=1), adversarial_clips(30, WINDOW, seed=1))
    assert not np.array_equal(adversarial_clips(30, WINDOW, seed=1), adversarial_clips(30, WINDOW, seed=2))


def test_a_shorter_list_is_the_start_of_a_longer_one() -> None:
    assert np.array_equal(adversarial_clips(20, WINDOW, seed=3), adversarial_clips(50, WINDOW, seed=3)[:20])


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    return adversarial_clips(400, WINDOW, seed=4)


def is_constant(clip: np.ndarray) -> bool:
    return len(np.unique(clip)) == 1


@pytest.mark.parametrize("level", [0, -32768, 32767, 1, -1])
def test_constants_are_there(clips: np.ndarray, level: int) -> None:
    assert any(is_constant(clip) and clip[0] == level for clip in clips)


def test_other_dc_is_there(clips: np.ndarray) -> None:
    assert len({int(clip[0]) for clip in clips if is_constant(clip)}) > 10


def test_single_impulses_are_there(clips: np.ndarray) -> None:
    impulses = [clip for clip in clips if np.count_nonzero(clip) == 1]
    assert len(impulses) >= 20
    assert {-32768, 32767, 1, -1} <= {int(clip[np.flatnonzero(clip)[0]]) for clip in impulses}


def test_last_bit_noise_is_there(clips: np.ndarray) -> None:
    assert any(set(np.unique(clip)) == {-1, 0, 1} for clip in clips)


def test_extremes_and_squares_are_there(clips: np.ndarray) -> None:
    full = [clip for clip in clips if set(np.unique(clip)) == {-32768, 32767}]
    turns = {int(np.count_nonzero(np.diff(clip.astype(int)))) for clip in full}
    assert WINDOW - 1 in turns  # the square at half the sample rate
    assert len(turns) > 15


def test_bursts_lie_in_silence(clips: np.ndarray) -> None:
    assert any(1 < np.count_nonzero(clip) < WINDOW // 2 and np.abs(clip.astype(int)).max() > 30000 for clip in clips)


def test_clipped_noise_is_there(clips: np.ndarray) -> None:
    assert any(len(np.unique(clip)) > 100 and {-32768, 32767} <= set(np.unique(clip)) for clip in clips)
