"""What a benchmark of the front end runs: sound, the generated C, the features it must give, the same front end in
float64, and its tables as other libraries want them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..application import AudioSection, FrontendSection, load_application
from . import reference
from .emit import emit_c
from .mel import mel_edges, mel_filters
from .sounds import signals
from .specification import FEATURE_FRACTION_BITS, FrontendSpec, build_specification

_SAMPLE_RATE = 16000
_F_MIN, _F_MAX = 60.0, 7600.0
_SIGNALS = ("speech-like", "scream-like", "white noise")
_FRAMES_EACH = 4
_PEAK_DBFS = -20.0
_DB_PER_STEP = 10.0 * np.log10(2.0) / (1 << FEATURE_FRACTION_BITS)


@dataclass(frozen=True, eq=False)
class FrontendTensors:
    """Sound and tables in natural units.

    Attributes:
        frame: samples.
        pcm: int16 [frames, frame], one frame behind the other.
        window: float64 [frame], periodic Hann, 0..1.
        mel_start, mel_length: uint16 [bands], the bins of each band.
        mel_weights: float64, 0..1, band after band, the largest weight of each is 1.
    """

    frame: int
    pcm: NDArray[np.int16]
    window: NDArray[np.float64]
    mel_start: NDArray[np.uint16]
    mel_length: NDArray[np.uint16]
    mel_weights: NDArray[np.float64]

    def exact(self, exponent: int) -> NDArray[np.float64]:
        """dB of Σ weights · |spectrum|^exponent in LSB², [frames, bands], in float64; -inf for none."""
        bins = np.abs(np.fft.rfft(self.pcm * self.window, axis=1)) ** exponent
        ends = np.cumsum(self.mel_length)
        sums = [
            bins[:, start : start + length] @ self.mel_weights[end - length : end]
            for start, length, end in zip(self.mel_start, self.mel_length, ends, strict=True)
        ]
        with np.errstate(divide="ignore"):
            return np.asarray(20.0 / exponent * np.log10(np.stack(sums, axis=1)))


@dataclass(frozen=True, eq=False)
class FrontendSubject:
    """A front end on consecutive frames of test sounds at a peak of −20 dBFS."""

    name: str
    title: str
    specification: FrontendSpec
    tensors: FrontendTensors

    @property
    def frames(self) -> int:
        """How many frames of sound."""
        return len(self.tensors.pcm)

    def reference(self) -> NDArray[np.int16]:
        """The features by the integer reference, [frames, bands]."""
        return reference.run(self.specification, self.tensors.pcm.reshape(1, -1))[0]

    def decibels(self, features: NDArray[np.int16]) -> NDArray[np.float64]:
        """Features as dB of Σ weights · |spectrum|², by the level that docs/frontend.md gives them."""
        spec = self.specification
        filters = _filters(spec.frame, spec.mel_bands)
        noise = filters.max(axis=1) * (spec.sample_rate / spec.frame) / (3.0 * spec.frame / 8.0)
        return features * _DB_PER_STEP - 10.0 * np.log10(noise)

    def emit(self) -> str:
        """C that defines `void <name>(void)` and `int16_t <name>__output[]`, the features of all frames."""
        spec, samples = self.specification, self.tensors.pcm.size
        values = ", ".join(str(value) for value in self.tensors.pcm.reshape(-1))
        return (
            f"#define pb_generated_frontend {self.name}__frontend\n#define pb_generated_bins {self.name}__bins\n"
            f"{emit_c(spec)}"
            f"void {self.name}(void);\n"
            f"static const int16_t {self.name}__sound[{samples}] = {{{values}}};\n"
            f"int16_t {self.name}__output[{self.frames * spec.mel_bands}];\n"
            f"void {self.name}(void) {{\n"
            f"    (void)pb_frontend_run(&{self.name}__frontend, {self.name}__sound, {samples}, {self.name}__output, "
            f"{self.name}__bins);\n}}\n"
        )


def frontend_subject(frame: int, mel_bands: int) -> FrontendSubject:
    """A front end for 16 kHz, 60 to 7600 Hz, without overlap."""
    section = FrontendSection(frame, frame, mel_bands, _F_MIN, _F_MAX)
    shipped = load_application("scream")
    application = dataclasses.replace(shipped, audio=AudioSection(_SAMPLE_RATE, _SAMPLE_RATE), frontend=section)
    spec = build_specification(application)
    filters = _filters(frame, mel_bands)
    weights = filters / filters.max(axis=1, keepdims=True)
    used = weights > 0.0
    start = used.argmax(axis=1)
    length = used.sum(axis=1)
    tensors = FrontendTensors(
        frame,
        _sound(frame),
        0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(frame) / frame)),
        start.astype(np.uint16),
        length.astype(np.uint16),
        np.concatenate([row[a : a + n] for row, a, n in zip(weights, start, length, strict=True)]),
    )
    return FrontendSubject(f"frontend_{frame}_{mel_bands}", f"{frame} points, {mel_bands} mel bands", spec, tensors)


def _filters(frame: int, mel_bands: int) -> NDArray[np.float64]:
    return mel_filters(_SAMPLE_RATE, frame, mel_edges(mel_bands, _F_MIN, _F_MAX))


def _sound(frame: int) -> NDArray[np.int16]:
    """int16 [frames, frame]: a stretch from the middle of each test sound."""
    sounds = signals(_SAMPLE_RATE)
    parts = []
    for name in _SIGNALS:
        middle = len(sounds[name]) // 2
        part = sounds[name][middle : middle + _FRAMES_EACH * frame]
        peak = 32768.0 * 10.0 ** (_PEAK_DBFS / 20.0) / np.abs(sounds[name]).max()
        parts.append(np.rint(part * peak).astype(np.int16).reshape(_FRAMES_EACH, frame))
    return np.concatenate(parts)
