"""How far the integer front end is from float64: `python -m proofboard_host.frontend.accuracy [APPLICATION]`.

The features' yardstick is independent: librosa's STFT and mel filters, of the extra `proofboard[test]`. `noise`
measures the Fourier transform alone.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..application import Application, load_application
from ..errors import ProofboardError
from . import reference
from .noise import independent, quantisation_noise, transform_noise
from .sounds import levelled
from .specification import FEATURE_FLOOR, build_specification

Float = NDArray[np.float64]
Clip = NDArray[np.int16]

NEAR_DB = 60.0

_DB_PER_STEP = 10.0 * np.log10(2.0) / 256.0


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


def feature_errors(application: Application) -> list[FeatureError]:
    """Errors of every sound at every level."""
    spec = build_specification(application)
    rows = []
    for name, level, clip in levelled(application.audio.sample_rate):
        exact = float_features(application, clip)
        error = (reference.run(spec, clip[None])[0] - np.maximum(exact, FEATURE_FLOOR)) * _DB_PER_STEP
        audible = exact > FEATURE_FLOOR
        near = audible & (exact > exact.max(axis=1, keepdims=True) - NEAR_DB / _DB_PER_STEP)
        if audible.any():
            rows.append(FeatureError(name, level, *_rms_and_max(error[near]), *_rms_and_max(error[audible])))
    return rows


def float_features(application: Application, clip: Clip) -> Float:
    """What the integer features approximate, [frames, mel_bands], by librosa in float64, before the floor."""
    librosa = independent("librosa")
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


def _rms_and_max(error: Float) -> tuple[float, float]:
    return float(np.sqrt(np.mean(error**2))), float(np.abs(error).max())


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
    noise_lsb = np.sqrt(quantisation_noise(build_specification(application)))
    print(f"\nQuantisation noise: {noise_lsb:.3f} LSB rms.\n")
    print("| signal | ours, dB | float64, stages rounded, dB | arm_rfft_q15, dB |\n|---|---:|---:|---:|")
    for line in noise:
        print(f"| {line.signal} | {line.ours_db:+.1f} | {line.rounded_db:+.1f} | {line.cmsis_db:+.1f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
