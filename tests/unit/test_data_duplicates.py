"""Near-duplicates are found whatever their shift, gain and encoding; other recordings are not taken for them."""

from __future__ import annotations

import numpy as np
from data_example import RATE, noise, voice
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.data.duplicates import DisjointSets, find_duplicates


def recording(seed: int) -> np.ndarray:
    """A second of something between a tone and noise, as real sounds are."""
    steps = np.random.default_rng(seed).uniform(200, 1200, 5)
    tones = np.concatenate([voice(pitch, 0.2) for pitch in steps])
    return (0.6 * tones + 0.4 * noise(seed, 1.0)).astype(np.int16)


def pairs(*windows: np.ndarray, owners: list[int] | None = None) -> list[tuple[int, int]]:
    owner = np.array(owners if owners is not None else range(len(windows)), dtype=np.intp)
    return [(pair.first, pair.second) for pair in find_duplicates(np.stack(windows), owner, sample_rate=RATE)]


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    shift=st.integers(-4000, 4000),
    gain=st.floats(0.1, 1.0),
    noise_level=st.floats(0.0, 0.1),
    inverted=st.booleans(),
)
def test_a_changed_copy_is_found(seed: int, shift: int, gain: float, noise_level: float, inverted: bool) -> None:
    original = recording(seed)
    copy = np.zeros_like(original)
    if shift >= 0:
        copy[shift:] = original[: RATE - shift]
    else:
        copy[:shift] = original[-shift:]
    changed = gain * (copy + noise_level * noise(seed + 1))
    assert pairs(original, (-changed if inverted else changed).astype(np.int16)) == [(0, 1)]


def test_a_band_limited_copy_is_found() -> None:
    original = recording(7)
    spectrum = np.fft.rfft(original)
    spectrum[4000:] = 0
    assert pairs(original, np.fft.irfft(spectrum, RATE).astype(np.int16)) == [(0, 1)]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_other_recordings_are_not_duplicates(seed: int) -> None:
    assert pairs(recording(seed), recording(seed + 1), noise(seed + 10), noise(seed + 12)) == []


def test_windows_of_one_owner_are_not_compared() -> None:
    sound = recording(3)
    assert pairs(sound, sound, sound, owners=[0, 0, 1]) == [(0, 2), (1, 2)]


def test_silence_is_a_duplicate_of_nothing() -> None:
    silence = np.zeros(RATE, np.int16)
    assert pairs(silence, silence, recording(1)) == []
    assert pairs(silence) == []


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)), max_size=30))
def test_disjoint_sets_do_not_depend_on_the_order(unions: list[tuple[int, int]]) -> None:
    forwards, backwards = DisjointSets(20), DisjointSets(20)
    for one, other in unions:
        forwards.union(one, other)
    for one, other in reversed(unions):
        backwards.union(other, one)
    roots = [forwards.find(item) for item in range(20)]
    assert roots == [backwards.find(item) for item in range(20)]
    assert all(roots[one] == roots[other] for one, other in unions)
    assert all(root <= item for item, root in enumerate(roots))
