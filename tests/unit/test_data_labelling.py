"""What is measured of a sound, and what is called a scream."""

from __future__ import annotations

import numpy as np
import pytest
from data_example import RATE, noise, voice
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.data.labelling import label_of
from proofboard_host.data.measure import Sound, measure


def label(kind: str, **changes: float) -> str | None:
    facts = {"active_seconds": 0.8, "pitch_hz": 700.0, "voiced": 0.9, "centroid_hz": 1400.0, "level_dbfs": -6.0}
    return label_of(kind, Sound(**(facts | changes)), scream="scream", other="other")


@settings(max_examples=40, deadline=None)
@given(pitch=st.floats(100.0, 1500.0))
def test_pitch_of_a_harmonic_sound(pitch: float) -> None:
    sound = measure(voice(pitch, 0.5), RATE)
    # Lags are eighths of a sample: 1.2 % at 1.5 kHz.
    assert sound.pitch_hz == pytest.approx(pitch, rel=0.02)
    assert sound.voiced > 0.9


@settings(max_examples=30, deadline=None)
@given(milliseconds=st.integers(100, 1500), lead=st.integers(0, 1000))
def test_active_part_ignores_the_silence_around(milliseconds: int, lead: int) -> None:
    sound = noise(5, milliseconds / 1000)
    pcm = np.concatenate([np.zeros(lead * 16, np.int16), sound, np.zeros(8000, np.int16)])
    assert measure(pcm, RATE).active_seconds == pytest.approx(milliseconds / 1000, abs=0.021)


def test_noise_is_unvoiced_and_its_centroid_lies_in_the_middle() -> None:
    sound = measure(noise(6), RATE)
    assert sound.voiced < 0.1
    assert sound.centroid_hz == pytest.approx(RATE / 4, rel=0.05)


def test_digital_silence_has_no_active_part() -> None:
    assert measure(np.zeros(RATE, np.int16), RATE).active_seconds == 0.0


def test_a_long_high_cry_is_a_scream() -> None:
    assert label("cry") == "scream"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.1, "other"), (0.29, "other"), (0.3, None), (0.39, None), (0.4, "scream")]
)
def test_a_short_cry_is_a_grunt(seconds: float, expected: str | None) -> None:
    assert label("cry", active_seconds=seconds) == expected


def test_groans_and_breath_are_left_out() -> None:
    assert label("cry", pitch_hz=120.0, centroid_hz=700.0) is None
    assert label("cry", pitch_hz=120.0, centroid_hz=1500.0) == "scream"
    assert label("cry", pitch_hz=300.0, centroid_hz=700.0) == "scream"
    assert label("cry", voiced=0.4) is None


def test_a_grunt_is_never_a_scream() -> None:
    assert label("grunt", active_seconds=0.2) == "other"
    assert label("grunt", active_seconds=1.5) is None


def test_other_kinds_go_by_what_they_are() -> None:
    assert label("unclear") is None
    assert {label(kind) for kind in ("speech", "music", "animal", "shout", "silence")} == {"other"}
