"""Augmentation against what it promises: pitch, length, level, channel; nothing but the given chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.train.augment import Augmentation, Treatment, augment
from proofboard_host.train.channel import ChannelRanges, log_uniform, pass_channel, room_responses
from proofboard_host.train.synthesis import ROUGHNESS, SCREAM_PITCH, alarms, screams
from proofboard_host.train.voice import VoiceChange, active_part, change_voice

RATE = 16000
CLEAN = ChannelRanges(
    background_share=0, floor=(90, 90), room_share=0, tilt=(0, 0), band_share=0, drive_share=0, peak=(-6, -6)
)


def tone(frequency: float, seconds: float = 1.0, begin: float = 0.0) -> npt.NDArray[np.float32]:
    """A tone of `seconds` from `begin` on, in a window of one second."""
    window = np.zeros(RATE, np.float32)
    count = int(seconds * RATE)
    window[int(begin * RATE) :][:count] = 0.5 * np.sin(2 * np.pi * frequency * np.arange(count) / RATE)
    return window


def loudest_frequency(window: npt.NDArray[np.floating]) -> float:
    return float(np.abs(np.fft.rfft(window * np.hanning(len(window)))).argmax()) * RATE / len(window)


def one_change(rate: float, scan: float, sustained: bool, delay: int = 0) -> VoiceChange:
    return VoiceChange(
        np.array([rate], np.float32),
        np.array([scan], np.float32),
        np.array([sustained]),
        np.array([1600]),
        np.array([delay]),
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(0.7, 3.0), st.floats(250, 1200))
def test_plain_resampling_moves_pitch_and_length(rate: float, frequency: float) -> None:
    changed = change_voice(tone(frequency)[None], one_change(rate, rate, False))[0]
    assert loudest_frequency(changed) == pytest.approx(frequency * rate, rel=0.01, abs=3)
    end = int(RATE / max(rate, 1))
    assert np.abs(changed[end + 200 :]).max(initial=0) < 0.02
    inside = changed[800 : end - 800]
    assert np.sqrt(np.square(inside).mean()) == pytest.approx(0.5 / 2**0.5, rel=0.03)


def test_what_would_alias_is_filtered() -> None:
    changed = change_voice(tone(5000)[None], one_change(2.0, 2.0, False))[0]
    assert np.abs(changed[500:7000]).max() < 0.01


def test_sustained_sound_fills_the_window_at_the_new_pitch() -> None:
    short = tone(400, seconds=0.4, begin=0.3)
    held = change_voice(short[None], one_change(2.0, 0.3, True))[0]
    assert loudest_frequency(held) == pytest.approx(800, rel=0.03)
    frames = np.sqrt(np.square(held.reshape(20, -1)).mean(axis=1))
    assert (frames > 0.05).all()


def test_active_part_is_the_loudest_stretch() -> None:
    window = tone(500, seconds=0.4, begin=0.3) + 0.1 * tone(500, seconds=0.1, begin=0.85)
    start, end = active_part(window[None])
    assert abs(int(start[0]) - 0.3 * RATE) <= 320
    assert abs(int(end[0]) - 0.7 * RATE) <= 320


def test_room_response_decays_by_its_rt60() -> None:
    ranges = dataclasses.replace(ChannelRanges(), rt60=(0.5, 0.5), direct=(0, 0))
    responses = room_responses(64, RATE, np.random.default_rng(1), RATE, ranges)
    energy = np.square(responses[:, 1:]).mean(axis=0)
    early, late = energy[800:1600].mean(), energy[4800:5600].mean()  # 0.25 s apart: 30 dB at RT60 0.5 s
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=1)
    tail = np.square(responses[:, 1:]).sum(axis=1)
    np.testing.assert_allclose(tail, np.square(responses[:, 0]), rtol=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.floats(-30, -1))
def test_level_is_set_by_the_peak(peak: float) -> None:
    ranges = dataclasses.replace(CLEAN, peak=(peak, peak))
    heard = pass_channel(tone(700)[None], np.random.default_rng(1), np.empty((0, RATE), np.int16), RATE, ranges)
    assert np.abs(heard.astype(int)).max() == pytest.approx(32768 * 10 ** (peak / 20), rel=0.01, abs=2)


def test_too_loud_clips_at_full_scale() -> None:
    ranges = dataclasses.replace(CLEAN, peak=(6, 6))
    heard = pass_channel(tone(700)[None], np.random.default_rng(1), np.empty((0, RATE), np.int16), RATE, ranges)
    assert heard.max() == 32767
    assert heard.min() == -32768
    assert (np.abs(heard.astype(int)) >= 32767).mean() > 0.2


def test_background_comes_in_at_its_ratio() -> None:
    noise = (np.random.default_rng(2).standard_normal((5, RATE)) * 2000).astype(np.int16)
    ranges = dataclasses.replace(CLEAN, background_share=1.0, snr=(10, 10))
    heard = pass_channel(tone(700)[None], np.random.default_rng(1), noise, RATE, ranges)[0].astype(np.float64)
    spectrum = np.square(np.abs(np.fft.rfft(heard)))
    signal = spectrum[690:711].sum()
    assert 10 * np.log10(signal / (spectrum.sum() - signal)) == pytest.approx(10, abs=0.5)


def test_telephone_band_takes_what_lies_outside() -> None:
    ranges = dataclasses.replace(CLEAN, band_share=1.0, band_low=(300, 300), band_high=(3400, 3400), floor=(200, 200))
    windows = np.stack([tone(1000) + tone(6800), tone(1000) + tone(60)])
    heard = pass_channel(windows, np.random.default_rng(1), np.empty((0, RATE), np.int16), RATE, ranges)
    spectra = np.abs(np.fft.rfft(heard.astype(np.float64), axis=1))
    assert 20 * np.log10(spectra[0, 6800] / spectra[0, 1000]) < -22
    assert 20 * np.log10(spectra[1, 60] / spectra[1, 1000]) < -50


@pytest.mark.parametrize("treatment", list(Treatment))
def test_augment_repeats_with_its_chance_and_keeps_the_form(treatment: Treatment) -> None:
    pcm = np.stack([tone(500 + 50 * index) * 20000 for index in range(6)]).astype(np.int16)
    treatments = np.full(6, treatment)
    first, again, other = (
        augment(pcm, treatments, np.random.default_rng(seed), pcm, sample_rate=RATE) for seed in (1, 1, 2)
    )
    assert first.dtype == np.int16
    assert first.shape == pcm.shape
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (np.abs(first.astype(int)).max(axis=1) > 300).all()


def test_brief_sounds_are_never_held() -> None:
    """A grunt that filled the window would be a scream with the wrong label."""
    pcm = np.stack([tone(300, seconds=0.2, begin=0.4) * 30000] * 40).astype(np.int16)
    plan = dataclasses.replace(Augmentation(), channel=CLEAN)
    copies = augment(pcm, np.full(40, Treatment.BRIEF), np.random.default_rng(3), pcm, sample_rate=RATE, plan=plan)
    frames = np.sqrt(np.square(copies.astype(np.float64).reshape(40, 50, 320)).mean(axis=2))
    active = (frames > 0.1 * frames.max(axis=1, keepdims=True)).sum(axis=1)
    assert active.max() <= 0.2 * 50 / 0.7 + 3


def test_silence_survives() -> None:
    silent = np.zeros((2, RATE), np.int16)
    copies = augment(silent, np.array([0, 1]), np.random.default_rng(1), silent, sample_rate=RATE)
    assert copies.shape == silent.shape


def test_synthetic_screams_are_harmonic_at_a_screams_pitch() -> None:
    pcm = screams(40, RATE, np.random.default_rng(4), RATE).astype(np.float64)
    assert np.abs(pcm).max() <= 16384
    spectra = np.square(np.abs(np.fft.rfft(pcm, axis=1)))
    low = spectra[:, : int(SCREAM_PITCH[0] * 0.4)].sum(axis=1) / spectra.sum(axis=1)
    assert np.median(low) < 0.1
    assert ROUGHNESS == (30.0, 150.0)


def test_alarms_are_tones_and_repeat() -> None:
    one, two = (alarms(20, RATE, np.random.default_rng(5), RATE) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (np.abs(one).max(axis=1) >= 16383).all()


@given(st.floats(0.01, 100), st.floats(1.0, 50))
def test_log_uniform_stays_in_its_bounds(low: float, ratio: float) -> None:
    drawn = log_uniform(np.random.default_rng(1), (low, low * ratio), 50)
    assert (drawn >= low * 0.999).all()
    assert (drawn <= low * ratio * 1.001).all()
