"""The noise of the real transform against the quantisation noise of its word length.

Quantisation noise is what a transform has that is exact but for the 16-bit words that it keeps its results in: each
part of each value is rounded once after the first stage, after every radix-4 stage, and in the spectrum. A rounding has
the variance 1/12 LSB² and is independent of all others (Oppenheim and Weinstein, Effects of finite register length in
digital filtering and the fast Fourier transform, Proc. IEEE 60 (8), 1972).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..application import Application
from ..errors import ConfigurationFault
from . import reference
from .sounds import LEVELS_DBFS, levelled
from .specification import FrontendSpec, build_specification

Complex = NDArray[np.complex128]
Clip = NDArray[np.int16]


@dataclass(frozen=True)
class TransformNoise:
    """Mean squared error of a bin of the spectrum over the quantisation noise, in dB: less is better.

    Attributes:
        signal: of `signals`, at -3 dBFS.
        ours_db: the integer transform.
        rounded_db: float64 but for the words of the stages, rounded as they come: not the model, the real thing.
        cmsis_db: `arm_rfft_q15`, of the window rounded from float64.
    """

    signal: str
    ours_db: float
    rounded_db: float
    cmsis_db: float


def quantisation_noise(spec: FrontendSpec) -> float:
    """LSB² of the spectrum's unit, both parts together. A radix-4 stage leaves a quarter of the noise before it."""
    stages = len(spec.stages()) + 1
    return 2.0 / 12.0 * (1.0 + sum(0.25**stage for stage in range(stages)))


def transform_noise(application: Application) -> list[TransformNoise]:
    """Noise of windowed frames at -3 dBFS, block-normalised for all."""
    spec = build_specification(application)
    return [
        _compare(spec, name, clip[: clip.size // spec.frame * spec.frame].reshape(-1, spec.frame))
        for name, level, clip in levelled(application.audio.sample_rate)
        if level == LEVELS_DBFS[0]
    ]


def _compare(spec: FrontendSpec, name: str, frames: Clip) -> TransformNoise:
    shift = reference.block_shift(frames)
    hann = 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(spec.frame) / spec.frame))
    windowed = frames * hann * 2.0 ** shift[:, None]
    scale = spec.window_peak / 32768.0 * 4.0 / spec.frame
    bins = np.arange(spec.first_pair, spec.first_pair + len(spec.split))
    bins = np.concatenate([bins, spec.points - bins])
    exact = np.fft.rfft(windowed, axis=1).T[bins] * scale

    def decibels(spectrum: Complex) -> float:
        return float(10.0 * np.log10(np.mean(np.abs(spectrum - exact) ** 2) / quantisation_noise(spec)))

    return TransformNoise(
        name,
        ours_db=decibels(_integer_spectrum(spec, frames, shift)),
        rounded_db=decibels(_rounded_spectrum(spec, windowed * (spec.window_peak / 32768.0))[bins]),
        cmsis_db=decibels(_cmsis_spectrum(spec, windowed)[bins] * scale),
    )


def _integer_spectrum(spec: FrontendSpec, frames: Clip, shift: NDArray[np.int32]) -> Complex:
    """The bins of `spec.split`, low ones first, [bins, batch]."""
    low, high = reference.split(spec, reference.transform(spec, frames, shift))
    return np.asarray(np.concatenate([part[0] - 1j * part[1] for part in (low, high)]) / 65536.0)


def _rounded_spectrum(spec: FrontendSpec, windowed: NDArray[np.float64]) -> Complex:
    """[N, batch], bin 0 apart: the integer transform's stages in float64, each rounded to whole numbers."""
    points, radix = spec.points, spec.first_radix
    legs = (windowed[:, ::2] + 1j * windowed[:, 1::2]).T.reshape(radix, -1, len(windowed))
    values = np.empty((points // radix, radix, len(windowed)), dtype=np.complex128)
    values[spec.order] = _rounded(np.fft.fft(legs, axis=0) / (radix // 2)).swapaxes(0, 1)
    spectrum = values.reshape(points, -1)
    for stage in spec.stages():
        quarter = len(stage)
        turns = np.arange(4)[:, None] * np.arange(quarter) / (4.0 * quarter)
        blocks = spectrum.reshape(-1, 4, quarter, len(windowed)) * np.exp(-2j * np.pi * turns)[..., None]
        spectrum = _rounded(np.fft.fft(blocks, axis=1) / 4.0).reshape(points, -1)
    mirrored = np.conj(np.roll(spectrum[::-1], 1, axis=0))
    turn = np.exp(-2j * np.pi * np.arange(points) / spec.frame)[:, None]
    return _rounded((spectrum + mirrored) / 2.0 - 0.5j * turn * (spectrum - mirrored))


def _rounded(values: Complex) -> Complex:
    return np.asarray(np.floor(values.real + 0.5) + 1j * np.floor(values.imag + 0.5))


def _cmsis_spectrum(spec: FrontendSpec, windowed: NDArray[np.float64]) -> Complex:
    """[N + 1, batch], in the unit of the samples' plain transform."""
    dsp = independent("cmsisdsp")
    instance = dsp.arm_rfft_instance_q15()
    if dsp.arm_rfft_init_q15(instance, spec.frame, 0, 1) != 0:
        raise ConfigurationFault(f"arm_rfft_init_q15 refuses {spec.frame} points")
    words = np.rint(windowed).clip(-32768, 32767).astype(np.int16)
    pairs = np.stack([dsp.arm_rfft_q15(instance, frame) for frame in words])[:, : spec.frame + 2].astype(np.float64)
    # arm_rfft_q15 returns the spectrum divided by the frame.
    return np.asarray((pairs[:, ::2] + 1j * pairs[:, 1::2]).T * spec.frame)


def independent(name: str) -> Any:
    """A module of the extra `proofboard[test]`.

    Raises:
        ConfigurationFault: it is not installed.
    """
    try:
        return __import__(name)
    except ImportError as error:
        raise ConfigurationFault(f"the module {name} is missing", hint="pip install 'proofboard[test]'") from error
