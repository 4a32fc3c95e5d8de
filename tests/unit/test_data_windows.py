"""Where windows are cut."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from data_example import RATE, noise
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.data.windows import choose_starts, cut

WINDOW = RATE


def starts(pcm: np.ndarray, count: int, hop: int = WINDOW) -> list[int]:
    return choose_starts(pcm, window=WINDOW, sample_rate=RATE, count=count, hop=hop)


@settings(max_examples=60, deadline=None)
@given(seconds=st.floats(0.02, 8.0), count=st.integers(1, 9), halves=st.booleans())
def test_windows_lie_in_the_recording(seconds: float, count: int, halves: bool) -> None:
    pcm = noise(1, seconds)
    hop = WINDOW // 2 if halves else WINDOW
    found = starts(pcm, count, hop)
    assert 1 <= len(found) <= count
    assert len(set(found)) == len(found)
    if pcm.size > WINDOW:
        assert all(0 <= start <= pcm.size - WINDOW for start in found)
        ordered = sorted(found)
        assert all(later - earlier >= hop for earlier, later in pairwise(ordered))


@given(length=st.integers(1, WINDOW))
def test_a_short_recording_is_whole_and_in_the_middle(length: int) -> None:
    pcm = np.full(length, 1000, np.int16)
    (start,) = starts(pcm, 3)
    window = cut(pcm, start, WINDOW)
    assert window.size == WINDOW
    assert np.count_nonzero(window) == length
    first = int(np.flatnonzero(window)[0])
    assert abs(first - (WINDOW - first - length)) <= 1


def test_the_best_window_holds_the_loud_part() -> None:
    pcm = np.concatenate([np.zeros(3 * RATE, np.int16), noise(2, 0.6), np.zeros(2 * RATE, np.int16)])
    (start,) = starts(pcm, 1)
    assert start <= 3 * RATE
    assert start + WINDOW >= round(3.6 * RATE)


def test_silent_parts_give_no_windows() -> None:
    assert starts(np.zeros(5 * RATE, np.int16), 4) == []
    pcm = np.concatenate([noise(3, 1.0), np.zeros(6 * RATE, np.int16)])
    assert all(start < RATE for start in starts(pcm, 6))
