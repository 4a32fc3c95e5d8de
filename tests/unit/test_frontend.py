"""The integer front end against its specification: levels, bounds, errors against float64."""

from __future__ import annotations

import dataclasses
import itertools

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from numpy.typing import NDArray
from proofboard_host.application import Application, load_application
from proofboard_host.errors import ConfigurationFault, DataFault
from proofboard_host.frontend import build_specification, emit_c, run, select
from proofboard_host.frontend.accuracy import feature_errors
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.frontend.mel import mel_edges, mel_filters
from proofboard_host.frontend.noise import transform_noise
from proofboard_host.frontend.reference import block_shift, log2, power, transform
from proofboard_host.frontend.sounds import LEVELS_DBFS, signals

FRAMES = [128, 256, 512, 1024]


def application(frame: int = 512, mel_bands: int = 32, **changes: float) -> Application:
    scream = load_application("scream")
    frontend = dataclasses.replace(scream.frontend, frame=frame, hop=frame, mel_bands=mel_bands, **changes)
    return dataclasses.replace(scream, frontend=frontend)


@pytest.fixture(scope="module")
def scream() -> Application:
    return application()


def test_filters_are_those_of_librosa() -> None:
    ours = mel_filters(16000, 512, mel_edges(32, 60.0, 7600.0))
    theirs = librosa.filters.mel(sr=16000, n_fft=512, n_mels=32, fmin=60.0, fmax=7600.0, dtype=np.float64)
    assert np.allclose(ours, theirs, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("frame", FRAMES)
def test_specification_has_the_documented_shapes(frame: int) -> None:
    spec = build_specification(application(frame, mel_bands=8))
    assert spec.window.shape == (frame // 2,)
    assert sorted(spec.order) == list(range(spec.points // spec.first_radix))
    sizes = [len(stage) for stage in spec.stages()]
    assert spec.first_radix * 4 ** len(sizes) == spec.points
    assert all(big == 4 * small for small, big in itertools.pairwise(sizes))
    weights = spec.weights()
    assert weights.shape == (8, frame // 2 + 1)
    assert weights.sum(axis=0).max() <= 2**20
    hz = np.flatnonzero(weights.max(axis=0)) * (16000.0 / frame)
    assert hz.min() >= 60.0
    assert hz.max() <= 7600.0
    assert spec.mel_length.sum() in (hz.size, hz.size + 1)  # a bin on the outer edge weighs nothing
    pairs = np.minimum(hz, 8000.0 - hz) / (16000.0 / frame)
    assert spec.first_pair <= pairs.min()
    assert spec.first_pair + len(spec.split) - 1 == pairs.max()
    assert not spec.window.flags.writeable


def test_a_band_without_a_bin_is_one_clear_error() -> None:
    with pytest.raises(ConfigurationFault, match="hold no frequency bin: bins are 125 Hz apart"):
        build_specification(application(frame=128, mel_bands=64))


def test_silence_is_the_floor_and_so_is_a_flickering_last_bit(scream: Application) -> None:
    spec = build_specification(scream)
    assert (run(spec, np.zeros((1, 16000), dtype=np.int16)) == spec.floor).all()
    noise = np.random.default_rng(1).integers(-1, 2, (20, 16000)).astype(np.int16)
    assert (run(spec, noise) == spec.floor).mean() > 0.999


@pytest.mark.parametrize("deviation", [10.0, 300.0, 9000.0])
@pytest.mark.parametrize("frame", FRAMES)
def test_white_noise_reads_its_variance_in_every_band(frame: int, deviation: float) -> None:
    spec = build_specification(application(frame, mel_bands=10))
    noise = np.random.default_rng(2).standard_normal((40, 16000)) * deviation
    features = run(spec, np.rint(noise).clip(-32768, 32767).astype(np.int16))
    mean_power = (2.0 ** (features / 256.0)).mean(axis=(0, 1))
    assert 10.0 * np.log10(mean_power / deviation**2) == pytest.approx(np.zeros(10), abs=0.5)


@settings(max_examples=60, deadline=None)
@given(clip=hypothesis_numpy.arrays(np.int16, 512, elements=st.integers(-16384, 16383), fill=st.integers(-9, 9)))
def test_twice_the_sound_is_exactly_two_octaves_of_power_more(clip: NDArray[np.int16]) -> None:
    spec = build_specification(application())
    clip[0] = 16383  # so that the block normalisation differs by one bit
    once, twice = run(spec, clip[None]), run(spec, 2 * clip[None])
    above = once > spec.floor
    assert np.array_equal(twice[above], once[above] + 512)


@pytest.mark.parametrize("frame", FRAMES)
def test_no_stage_leaves_its_bounds(frame: int) -> None:
    """A wrapped int32 or int16 would be off by thousands; rounding is off by a few."""
    spec = build_specification(application(frame, mel_bands=8, f_min=0.0, f_max=8000.0))
    frames = adversarial_clips(3000, frame, seed=5)
    shift = block_shift(frames)
    assert ((frames.astype(np.int32) << shift[:, None]) == (frames << shift[:, None].astype(np.int16))).all()
    real, imaginary = transform(spec, frames, shift)
    hann = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(frame) / frame))
    windowed = frames * hann * 2.0 ** shift[:, None] * (spec.window_peak / 32768.0 * 4.0 / frame)
    exact = np.fft.fft(windowed[:, ::2] + 1j * windowed[:, 1::2], axis=1).T
    assert np.abs(real + 1j * imaginary - exact).max() < 13.0
    assert np.hypot(real, imaginary).max() < 32750.0
    magnitude = np.abs(np.fft.rfft(windowed, axis=1)).T
    powers = power(spec, np.stack([real, imaginary]))
    assert powers.min() >= 0
    assert np.abs(np.sqrt(powers) - magnitude)[1:-1].max() < 16.0
    assert powers.astype(np.int64).sum(axis=0).max() < 2**32


def test_loudest_inputs_use_the_word(scream: Application) -> None:
    """The bound of the specification is no idle one: a square of a quarter of the sample rate comes close to 2**30."""
    spec = build_specification(scream)
    frames = np.resize(np.array([32767, 32767, -32768, -32768], dtype=np.int16), (1, 512))
    assert 0.99 * 2**30 < power(spec, transform(spec, frames, block_shift(frames))).max() < 32767**2


@given(value=st.integers(1, 2**52))
def test_logarithm(value: int) -> None:
    spec = build_specification(application())
    assert log2(spec, np.array([float(value)]))[0] / 2**15 == pytest.approx(np.log2(value), abs=2.2e-4)


def test_clips_do_not_depend_on_their_neighbours(scream: Application) -> None:
    spec = build_specification(scream)
    clips = adversarial_clips(30, 16000, seed=6)
    alone = [run(spec, clip[None])[0] for clip in clips]
    assert np.array_equal(run(spec, clips), alone)


def test_frames_overlap_by_the_hop() -> None:
    scream = application()
    half = dataclasses.replace(scream, frontend=dataclasses.replace(scream.frontend, hop=200))
    clip = adversarial_clips(15, 1200, seed=7)
    whole = run(build_specification(half), clip)
    assert whole.shape == (15, 4, 32)
    for frame in range(4):
        single = run(build_specification(scream), clip[:, 200 * frame : 200 * frame + 512])
        assert np.array_equal(whole[:, frame], single[:, 0])


@pytest.mark.parametrize("pcm", [np.zeros((1, 511), np.int16), np.zeros((1, 512), np.int32), np.zeros(512, np.int16)])
def test_wrong_sound_is_a_data_fault(pcm: NDArray[np.int16]) -> None:
    with pytest.raises(DataFault):
        run(build_specification(application()), pcm)


def test_emitted_text_is_deterministic(scream: Application) -> None:
    text = emit_c(build_specification(scream))
    assert text == emit_c(build_specification(application()))
    assert "const pb_frontend pb_generated_frontend = {" in text
    assert max(map(len, text.splitlines())) <= 100


def test_error_against_librosa_is_as_documented(scream: Application) -> None:
    rows = feature_errors(scream)
    assert {row.signal for row in rows} == set(signals(16000))
    assert len(rows) == len(signals(16000)) * len(LEVELS_DBFS)
    for row in rows:
        assert row.near_rms_db < (0.01 if "noise" in row.signal else 0.2)
        assert row.near_max_db < (0.1 if "noise" in row.signal else 2.5)


@pytest.mark.parametrize("frame", FRAMES)
def test_noise_is_that_of_the_word_length_to_1_db(frame: int) -> None:
    for row in transform_noise(application(frame, mel_bands=8)):
        assert row.ours_db < 1.0
        assert row.ours_db < row.cmsis_db - 6.0
        if "noise" in row.signal:  # where the model's assumptions hold, it is what rounding does
            assert row.rounded_db == pytest.approx(0.0, abs=0.1)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), frame=st.sampled_from(FRAMES), seed=st.integers(0, 99))
def test_a_selection_is_the_whole_with_bands_and_frames_left_out(data: st.DataObject, frame: int, seed: int) -> None:
    whole = build_specification(application(frame, mel_bands=12))
    clip = adversarial_clips(seed + 1, 16 * frame, seed=8)[-1:]
    bands = sorted(data.draw(st.sets(st.integers(0, 11), min_size=1)))
    start, count, step = data.draw(st.tuples(st.integers(0, 15), st.integers(1, 16), st.integers(1, 5)))
    frames = range(start, start + count * step, step)
    part = select(whole, bands=bands, frames=frames)
    assert np.array_equal(run(part, clip), run(whole, clip)[:, start : frames.stop : step][:, :, bands])
    assert len(part.split) <= len(whole.split)
    assert len(part.mel_length) <= min(2 * len(bands), 13)


def test_selections_of_selections_count_what_is_left(scream: Application) -> None:
    whole = build_specification(scream)
    clip = adversarial_clips(20, 16000, seed=9)
    twice = select(select(whole, bands=[3, 4, 9, 31], frames=range(2, 30)), bands=[1, 3], frames=range(1, 9, 2))
    assert np.array_equal(run(twice, clip), run(whole, clip)[:, 3:11:2, [4, 31]])


def test_a_band_alone_needs_few_bins(scream: Application) -> None:
    part = select(build_specification(scream), bands=[0])
    assert part.mel_runs.tolist() == [[2, 1]]
    assert len(part.split) == part.mel_length.sum()


@pytest.mark.parametrize(
    ("bands", "frames"),
    [([], None), ([1, 1], None), ([2, 1], None), ([-1], None), ([32], None)]
    + [
        (None, frames)
        for frames in (range(0), range(-1, 3), range(3, 0, -1), range(0, 70000, 300), range(65535, 65536))
    ],
)
def test_a_selection_that_cannot_be_is_one_clear_error(
    scream: Application, bands: list[int] | None, frames: range | None
) -> None:
    with pytest.raises(ConfigurationFault, match=r"select|mel bands out of"):
        select(build_specification(scream), bands=bands, frames=frames)
