"""How far the integer front end is from float64: `python -m proofboard_host.frontend.accuracy [APPLICATION]`.

The yardsticks are independent: librosa's STFT and mel filters for the features, CMSIS-DSP's `arm_rfft_q15` for the
Fourier transform. Both come with the extra `proofboard[test]`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..application import Application, load_application
from ..errors import ConfigurationFault, ProofboardError
from . import reference
from .specification import FEATURE_FLOOR, FrontendSpec, build_specification

Float = NDArray[np.float64]
Clip = NDArray[np.int16]

LEVELS_DBFS = (-3.0, -20.0, -40.0, -60.0)
NEAR_DB = 60.0

_DB_PER_STEP = 10.0 * np.log10(2.0) / 256.0
_SECONDS = 4


@dataclass(frozen=True)
class FeatureError:
    """Integer feature minus float feature in dB, over the bands above the floor, of one signal at one peak level.

    `near_*`: only the bands within `NEAR_DB` of the loudest of their frame; a band far below it holds the rounding
    noise of the Fourier transform.
    """

    signal: str
    level_dbfs: float
    near_rms_db: float
    near_max_db: float
    rms_db: float
    max_db: float


@dataclass(frozen=True)
class TransformNoise:
    """Rms error of the magnitude of the spectrum under its rms magnitude, in dB: more is better.

    `rounded_db`: a float64 spectrum at the integer one's scale, rounded to whole numbers once.
    """

    signal: str
    ours_db: float
    cmsis_db: float
    rounded_db: float


def feature_errors(application: Application) -> list[FeatureError]:
    """Errors of every signal of `signals` at every level of `LEVELS_DBFS`."""
    spec = build_specification(application)
    rows = []
    for name, level, clip in _levelled(application.audio.sample_rate):
        exact = float_features(application, clip)
        error = (reference.run(spec, clip[None])[0] - np.maximum(exact, FEATURE_FLOOR)) * _DB_PER_STEP
        audible = exact > FEATURE_FLOOR
        near = audible & (exact > exact.max(axis=1, keepdims=True) - NEAR_DB / _DB_PER_STEP)
        if audible.any():
            rows.append(FeatureError(name, level, *_rms_and_max(error[near]), *_rms_and_max(error[audible])))
    return rows


def float_features(application: Application, clip: Clip) -> Float:
    """What the integer features approximate, [frames, mel_bands], by librosa in float64, before the floor."""
    librosa = _import("librosa")
    section, rate = application.frontend, application.audio.sample_rate
    spectrum = librosa.stft(
        clip.astype(np.float64), n_fft=section.frame, hop_length=section.hop, window="hann", center=False
    )
    filters = librosa.filters.mel(
        sr=rate,
        n_fft=section.frame,
        n_mels=section.mel_bands,
        fmin=section.f_min,
        fmax=section.f_max,
        dtype=np.float64,
    )
    # Per LSB² of white noise: its mel power is variance × window energy / bin width.
    level = filters @ np.abs(spectrum) ** 2 * (rate / section.frame) / (3.0 * section.frame / 8.0)
    return np.asarray(256.0 * np.log2(np.maximum(level.T, 1e-9)))


def transform_noise(application: Application) -> list[TransformNoise]:
    """Noise of the real transform of windowed frames at -3 dBFS: ours, and `arm_rfft_q15` on the same frames."""
    spec = build_specification(application)
    rows = []
    for name, level, clip in _levelled(application.audio.sample_rate):
        if level == LEVELS_DBFS[0]:
            frames = clip[: clip.size // spec.frame * spec.frame].reshape(-1, spec.frame)
            rows.append(_compare_transforms(spec, name, frames))
    return rows


def _compare_transforms(spec: FrontendSpec, name: str, frames: Clip) -> TransformNoise:
    dsp = _import("cmsisdsp")
    shift = reference.block_shift(frames)
    hann = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(spec.frame) / spec.frame))
    windowed = frames * hann * 2.0 ** shift[:, None]
    spectrum = np.fft.rfft(windowed, axis=1)
    scale = spec.window_peak / 32768.0 * 4.0 / spec.frame
    ours = np.sqrt(reference.power(spec, reference.transform(spec, frames, shift)).T.astype(np.float64)) / scale
    rounded = np.rint(spectrum.real * scale) + 1j * np.rint(spectrum.imag * scale)

    instance = dsp.arm_rfft_instance_q15()
    status = dsp.arm_rfft_init_q15(instance, spec.frame, 0, 1)
    if status != 0:
        raise ConfigurationFault(f"arm_rfft_init_q15 refuses {spec.frame} points")
    words = np.rint(windowed).clip(-32768, 32767).astype(np.int16)
    pairs = np.stack([dsp.arm_rfft_q15(instance, frame) for frame in words])[:, : spec.frame + 2].astype(np.float64)
    # arm_rfft_q15 returns the spectrum divided by the frame.
    cmsis = np.hypot(pairs[:, ::2], pairs[:, 1::2]) * spec.frame

    used = spec.weights().max(axis=0) > 0
    magnitude = np.abs(spectrum)[:, used]
    return TransformNoise(
        name,
        ours_db=_signal_to_noise(magnitude, ours[:, used]),
        cmsis_db=_signal_to_noise(magnitude, cmsis[:, used]),
        rounded_db=_signal_to_noise(magnitude, np.abs(rounded)[:, used] / scale),
    )


def signals(sample_rate: int) -> dict[str, Float]:
    """Four seconds each of test sounds, any scale, the same at every call."""
    random = np.random.default_rng(4)
    count = _SECONDS * sample_rate
    time = np.arange(count) / sample_rate
    white = random.standard_normal(count)
    pink = np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(1.0, np.arange(count // 2 + 1))), count)
    sweep = np.sin(2.0 * np.pi * 50.0 * _SECONDS / np.log(150.0) * (150.0 ** (time / _SECONDS) - 1.0))
    return {
        "white noise": white,
        "pink noise": pink,
        "speech-like": _voiced(time, pitch=120.0 + 30.0 * np.sin(2.0 * np.pi * 0.7 * time), formants=(600, 1300, 2600))
        * (0.55 + 0.45 * np.sin(2.0 * np.pi * 4.0 * time))
        + 0.003 * random.standard_normal(count),
        "scream-like": _voiced(
            time, pitch=900.0 + 200.0 * np.sin(2.0 * np.pi * 0.5 * time), formants=(1400, 2800, 3900)
        )
        + 0.01 * random.standard_normal(count),
        "sweep 50–7500 Hz": sweep,
        "tone 997 Hz": np.sin(2.0 * np.pi * 997.0 * time),
        "two tones": np.sin(2.0 * np.pi * 440.0 * time) + 0.01 * np.sin(2.0 * np.pi * 3517.0 * time),
    }


def _voiced(time: Float, pitch: Float, formants: tuple[int, ...]) -> Float:
    """Harmonics of a gliding pitch that fall with 6 dB an octave and rise at the formants (Hz)."""
    phase = 2.0 * np.pi * np.cumsum(pitch) / (len(time) / _SECONDS)
    sound = np.zeros_like(time)
    for harmonic in range(1, int(7000.0 / pitch.max()) + 1):
        frequency = harmonic * pitch
        resonance = sum(1.0 / (1.0 + ((frequency - formant) / 120.0) ** 2) for formant in formants)
        sound += np.sin(harmonic * phase) * (0.02 + resonance) / harmonic
    return sound


def _levelled(sample_rate: int) -> Iterator[tuple[str, float, Clip]]:
    for name, sound in signals(sample_rate).items():
        for level in LEVELS_DBFS:
            peak = 32768.0 * 10.0 ** (level / 20.0)
            yield name, level, np.rint(sound * (peak / np.abs(sound).max())).astype(np.int16)


def _rms_and_max(error: Float) -> tuple[float, float]:
    return float(np.sqrt(np.mean(error**2))), float(np.abs(error).max())


def _signal_to_noise(exact: Float, approximation: Float) -> float:
    return float(10.0 * np.log10(np.sum(exact**2) / np.sum((approximation - exact) ** 2)))


def _import(name: str) -> Any:
    try:
        return __import__(name)
    except ImportError as error:
        raise ConfigurationFault(f"the module {name} is missing", hint="pip install 'proofboard[test]'") from error


def main(arguments: list[str]) -> int:
    """Print both tables as Markdown."""
    try:
        application = load_application(arguments[0] if arguments else "scream")
        errors, noise = feature_errors(application), transform_noise(application)
    except ProofboardError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"| signal | peak dBFS | rms dB (≤ {NEAR_DB:g} dB below loudest) | max | rms dB (all above floor) | max |")
    print("|---|---:|---:|---:|---:|---:|")
    for row in errors:
        print(
            f"| {row.signal} | {row.level_dbfs:g} | {row.near_rms_db:.3f} | {row.near_max_db:.3f} "
            f"| {row.rms_db:.3f} | {row.max_db:.3f} |"
        )
    print("\n| signal | ours, dB | arm_rfft_q15, dB | float rounded once, dB |\n|---|---:|---:|---:|")
    for line in noise:
        print(f"| {line.signal} | {line.ours_db:.1f} | {line.cmsis_db:.1f} | {line.rounded_db:.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
