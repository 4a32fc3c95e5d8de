"""The integer tables of one front end. `docs/frontend.md` says what is done with them, rounding by rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..application import Application
from ..errors import ConfigurationFault
from .mel import mel_filters

WINDOW_PEAK = 23150
"""Peak of the window, Q15: a little under 2**15 / sqrt(2), so that no complex value leaves the int16 circle."""

WEIGHT_PEAK = 32767
"""The largest integer weight of every mel band."""

LOG_SEGMENTS = 32
"""Segments of the logarithm's table; each is interpolated linearly."""

LOG_FRACTION_BITS = 15
"""Fraction bits of the logarithm before it is rounded to the features' `FEATURE_FRACTION_BITS`."""

FEATURE_FRACTION_BITS = 8
"""A feature is log2 of a power with this many fraction bits: one step is 3.01 / 256 dB."""

FEATURE_FLOOR = 2 << FEATURE_FRACTION_BITS
"""No feature is below: the level of white noise of 2 LSB rms, above what a flickering last bit can make."""

MAX_SHIFT = 14
"""Block normalisation shifts left by no more, so that the first stage always has a bit to round."""


@dataclass(frozen=True, eq=False)
class FrontendSpec:
    """One front end as integers. The arrays are read-only.

    `frame` real samples are transformed as `frame / 2` = N complex points: one stage of radix `first_radix` (4, or 2
    where N is no power of 4) without twiddles, then radix-4 stages. Complex tables hold pairs (real, imaginary).

    Attributes:
        sample_rate: Hz.
        frame, hop: samples.
        mel_bands: features a frame.
        window: int16 [frame/2], Q15, first half of the periodic Hann window of peak `window_peak`; the second half is
            `window_peak - window`.
        order: uint8 [N / first_radix], base-4 digit reversal: block of the first stage's results for input n.
        twiddles: int16 [butterflies, 3, 2], Q15, for the radix-4 stages one after the other (1st: `first_radix`
            butterflies, then four times as many each): (-cos, -sin) of 2 pi i k / L, i = 1, 2, 3.
        split: int16 [N/2, 2], Q15, (-cos, -sin) of 2 pi k / frame for k = 1..N/2.
        mel_start, mel_length: uint16 [mel_bands], the bins of each band.
        mel_weights: uint16 [sum of mel_length], 0..32767, band after band.
        mel_offset: int32 [mel_bands], Q15, added to log2 of the weighted sum: makes levels absolute.
        log_table: uint16 [33], Q15, log2(1 + i/32).
        floor: the least feature.
    """

    sample_rate: int
    frame: int
    hop: int
    mel_bands: int
    window_peak: int
    window: NDArray[np.int16]
    first_radix: int
    order: NDArray[np.uint8]
    twiddles: NDArray[np.int16]
    split: NDArray[np.int16]
    mel_start: NDArray[np.uint16]
    mel_length: NDArray[np.uint16]
    mel_weights: NDArray[np.uint16]
    mel_offset: NDArray[np.int32]
    log_table: NDArray[np.uint16]
    floor: int

    @property
    def points(self) -> int:
        """Complex points of the Fourier transform: half a frame."""
        return self.frame // 2

    def frames(self, samples: int) -> int:
        """Whole frames in `samples` samples."""
        return 0 if samples < self.frame else 1 + (samples - self.frame) // self.hop

    def stages(self) -> list[NDArray[np.int16]]:
        """The twiddles of each radix-4 stage, [butterflies, 3, 2]."""
        sizes = []
        size = self.first_radix
        while size < self.points:
            sizes.append(size)
            size *= 4
        return np.split(self.twiddles, np.cumsum(sizes)[:-1])


def build_specification(application: Application) -> FrontendSpec:
    """The tables of an application's front end.

    Raises:
        ConfigurationFault: a mel band holds no frequency bin.
    """
    section = application.frontend
    sample_rate, frame = application.audio.sample_rate, section.frame
    points = frame // 2
    first_radix = 2 if (points.bit_length() - 1) % 2 else 4
    filters = mel_filters(sample_rate, frame, section.mel_bands, section.f_min, section.f_max)
    empty = np.flatnonzero(filters.max(axis=1) <= 0.0)
    if empty.size:
        raise ConfigurationFault(
            f"{empty.size} of {section.mel_bands} mel bands (first: band {empty[0]}) hold no frequency bin: "
            f"bins are {sample_rate / frame:g} Hz apart",
            where=f"{application.path}: frontend.mel_bands",
            hint="take fewer mel bands, a longer frame or a wider range of frequencies",
        )
    start, length, weights, offset = _mel_tables(filters, sample_rate, frame)
    return FrontendSpec(
        sample_rate=sample_rate,
        frame=frame,
        hop=section.hop,
        mel_bands=section.mel_bands,
        window_peak=WINDOW_PEAK,
        window=_table(WINDOW_PEAK * 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(points) / frame)), np.int16),
        first_radix=first_radix,
        order=_table(_digit_reversal(points // first_radix), np.uint8),
        twiddles=_stage_twiddles(points, first_radix),
        split=_negated_twiddles(np.arange(1, points // 2 + 1) / frame),
        mel_start=start,
        mel_length=length,
        mel_weights=weights,
        mel_offset=offset,
        log_table=_table(np.log2(1.0 + np.arange(LOG_SEGMENTS + 1) / LOG_SEGMENTS) * 2**LOG_FRACTION_BITS, np.uint16),
        floor=FEATURE_FLOOR,
    )


def _table(values: NDArray[Any], dtype: type[Any]) -> NDArray[Any]:
    """`values` rounded half up, as a read-only array that holds every one of them."""
    rounded = np.floor(np.asarray(values, dtype=np.float64) + 0.5)
    table = rounded.astype(dtype)
    assert np.array_equal(table, rounded), f"a value does not fit {np.dtype(dtype)}"
    table.flags.writeable = False
    return table


def _negated_twiddles(turns: NDArray[np.float64]) -> NDArray[np.int16]:
    """(-cos, -sin) of `turns` full turns in Q15: int16 holds -1 but not +1, and +1 is the factor that occurs."""
    angle = 2.0 * np.pi * turns
    pairs = np.stack([-np.cos(angle), -np.sin(angle)], axis=-1) * 32768.0
    return _table(pairs, np.int16)


def _stage_twiddles(points: int, first_radix: int) -> NDArray[np.int16]:
    stages = []
    quarter = first_radix
    while quarter < points:
        turns = np.arange(quarter)[:, None] * np.array([1, 2, 3]) / (4 * quarter)
        stages.append(_negated_twiddles(turns))
        quarter *= 4
    twiddles = np.concatenate(stages)
    twiddles.flags.writeable = False
    return twiddles


def _digit_reversal(count: int) -> NDArray[np.int64]:
    """Indices 0..count-1 (a power of 4) with their base-4 digits in reverse."""
    digits = (count.bit_length() - 1) // 2
    index = np.arange(count)
    reverse = np.zeros(count, dtype=np.int64)
    for _ in range(digits):
        reverse = reverse * 4 + index % 4
        index = index // 4
    return reverse


def _mel_tables(
    filters: NDArray[np.float64], sample_rate: int, frame: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16], NDArray[np.int32]]:
    """Sparse integer filters, and the offset that makes white noise of variance v LSB² read log2(v) in every band."""
    integers = np.floor(filters * (WEIGHT_PEAK / filters.max(axis=1, keepdims=True)) + 0.5)
    used = integers > 0
    start = used.argmax(axis=1)
    length = filters.shape[1] - used[:, ::-1].argmax(axis=1) - start
    weights = np.concatenate([row[a : a + n] for row, a, n in zip(integers, start, length, strict=True)])
    bin_width = sample_rate / frame
    window_energy = 3.0 * frame / 8.0  # the sum of the squared Hann window
    gain = WINDOW_PEAK / 32768.0 * 4.0 / frame  # of the integer spectrum, against the plain Fourier transform
    per_unit = filters.sum(axis=1) / integers.sum(axis=1) * bin_width / (window_energy * gain**2)
    offset = np.log2(per_unit) * 2**LOG_FRACTION_BITS
    return _table(start, np.uint16), _table(length, np.uint16), _table(weights, np.uint16), _table(offset, np.int32)
