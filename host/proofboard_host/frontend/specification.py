"""The integer tables of one front end. `docs/frontend.md` says what is done with them, rounding by rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..application import Application
from ..errors import ConfigurationFault
from .mel import Segment, band_weights, mel_edges, mel_filters, mel_segments

WINDOW_PEAK = 23150
"""Peak of the window, Q15: a little under 2**15 / sqrt(2), so that no complex value leaves the int16 circle."""

LOG_SEGMENTS = 32
"""Segments of the logarithm's table; each is interpolated linearly."""

LOG_FRACTION_BITS = 15
"""Fraction bits of the logarithm before it is rounded to the features' `FEATURE_FRACTION_BITS`."""

FEATURE_FRACTION_BITS = 8
"""A feature is log2 of a power with this many fraction bits: one step is 3.01 / 256 dB."""

FEATURE_FLOOR = 2 << FEATURE_FRACTION_BITS
"""No feature is below: the level of white noise of 2 LSB rms, above what a flickering last bit can make."""

FRAME_LIMIT = 65535
"""No limit: more frames than any sound has."""

MAX_SHIFT = 14
"""Block normalisation shifts left by no more, so that the first stage always has a bit to round."""


@dataclass(frozen=True, eq=False)
class FrontendSpec:
    """One front end as integers. The arrays are read-only.

    `frame` real samples are transformed as `frame / 2` = N complex points: one stage of radix `first_radix` (4, or 2
    where N is no power of 4) without twiddles, then radix-4 stages. Complex tables hold pairs (real, imaginary).

    Mel bands are kept as runs of neighbours. A run of n bands has n + 1 segments (`mel.Segment`), which follow each
    other without a gap; its first segment only opens its first band and its last one only closes its last band.

    Attributes:
        sample_rate: Hz.
        frame, hop: samples.
        skip: samples before the first frame.
        frame_limit: the most frames; `FRAME_LIMIT` for as many as the sound has.
        mel_bands: features a frame.
        window: int16 [frame/2], Q15, first half of the periodic Hann window of peak `window_peak`; the second half is
            `window_peak - window`.
        order: uint8 [N / first_radix], base-4 digit reversal: block of the first stage's results for input n.
        twiddles: int16 [N/4, 3, 2], Q15, of the last radix-4 stage: (-cos, -sin) of 2 pi i k / N, i = 1, 2, 3. The
            stages before take every 4th, 16th, ... of them.
        first_pair: the least k of the pairs of bins (k, N - k) of which a band needs either.
        split: int16 [pairs, 2], Q16, ((1 - sin) / 2, cos / 2) of 2 pi k / frame for the pairs from `first_pair` on.
        mel_runs: uint32 [runs, 2], the first bin of the first segment, and bands.
        mel_length: uint16 [mel_bands + runs], bins of each segment, run after run.
        mel_ramp: uint32 [mel_bands + runs, 2], `last` and `step` of each segment.
        mel_offset: int32 [mel_bands], Q15, added to log2 of the weighted sum: makes levels absolute.
        log_table: uint32 [32], log2(1 + i/32) in Q15 above twice its rise to the next entry, 16 bits each.
        floor: the least feature.
    """

    sample_rate: int
    frame: int
    hop: int
    skip: int
    frame_limit: int
    mel_bands: int
    window_peak: int
    window: NDArray[np.int16]
    first_radix: int
    order: NDArray[np.uint8]
    twiddles: NDArray[np.int16]
    first_pair: int
    split: NDArray[np.int16]
    mel_runs: NDArray[np.uint32]
    mel_length: NDArray[np.uint16]
    mel_ramp: NDArray[np.uint32]
    mel_offset: NDArray[np.int32]
    log_table: NDArray[np.uint32]
    floor: int

    @property
    def points(self) -> int:
        """Complex points of the Fourier transform: half a frame."""
        return self.frame // 2

    def frames(self, samples: int) -> int:
        """Whole frames in `samples` samples, as many as are wanted."""
        rest = samples - self.skip - self.frame
        return 0 if rest < 0 else min(self.frame_limit, 1 + rest // self.hop)

    def stages(self) -> list[NDArray[np.int16]]:
        """The twiddles of each radix-4 stage, [butterflies, 3, 2]."""
        stages = [self.twiddles]
        while len(stages[0]) > self.first_radix:
            stages.insert(0, stages[0][::4])
        return stages

    def runs(self) -> list[list[Segment]]:
        """The segments of each run of mel bands."""
        runs = []
        tables = zip(self.mel_length.tolist(), self.mel_ramp.tolist(), strict=True)
        for first, bands in self.mel_runs.tolist():
            run = []
            for _ in range(bands + 1):
                length, (last, step) = next(tables)
                run.append(Segment(first, length, last, step))
                first += length
            runs.append(run)
        return runs

    def weights(self) -> NDArray[np.int64]:
        """Mel weights [mel_bands, N + 1], 0..2**20."""
        return np.concatenate([band_weights(run, self.points + 1) for run in self.runs()])


def build_specification(application: Application) -> FrontendSpec:
    """The tables of an application's front end, with all of its bands and frames.

    Raises:
        ConfigurationFault: a mel band holds no frequency bin.
    """
    section = application.frontend
    sample_rate, frame = application.audio.sample_rate, section.frame
    points = frame // 2
    first_radix = 2 if (points.bit_length() - 1) % 2 else 4
    edges = mel_edges(section.mel_bands, section.f_min, section.f_max)
    segments = mel_segments(sample_rate, frame, edges)
    weights = band_weights(segments, points + 1)
    empty = np.flatnonzero(weights.max(axis=1) == 0)
    if empty.size:
        raise ConfigurationFault(
            f"{empty.size} of {section.mel_bands} mel bands (first: band {empty[0]}) hold no frequency bin: "
            f"bins are {sample_rate / frame:g} Hz apart",
            where=f"{application.path}: frontend.mel_bands",
            hint="take fewer mel bands, a longer frame or a wider range of frequencies",
        )
    turns = np.arange(points // 4)[:, None] * np.array([1, 2, 3]) / points
    return FrontendSpec(
        sample_rate=sample_rate,
        frame=frame,
        hop=section.hop,
        skip=0,
        frame_limit=FRAME_LIMIT,
        window_peak=WINDOW_PEAK,
        window=_table(WINDOW_PEAK * 0.5 * (1.0 - np.cos(2.0 * np.pi * np.arange(points) / frame)), np.int16),
        first_radix=first_radix,
        order=_table(_digit_reversal(points // first_radix), np.uint8),
        twiddles=_negated_twiddles(turns),
        log_table=_log_table(),
        floor=FEATURE_FLOOR,
        **band_tables(frame, [segments], _offsets(mel_filters(sample_rate, frame, edges), weights, sample_rate, frame)),
    )


def band_tables(frame: int, runs: Sequence[Sequence[Segment]], offset: NDArray[np.int32]) -> dict[str, Any]:
    """The fields of a `FrontendSpec` that depend on which mel bands there are."""
    points = frame // 2
    segments = [segment for run in runs for segment in run]
    bins = np.concatenate([np.arange(part.first, part.first + part.length) for part in segments])
    pairs = np.minimum(bins, points - bins)
    first_pair = int(pairs.min())
    angle = 2.0 * np.pi * np.arange(first_pair, pairs.max() + 1) / frame
    return {
        "mel_bands": len(offset),
        "first_pair": first_pair,
        "split": _table(np.stack([1.0 - np.sin(angle), np.cos(angle)], axis=-1) * 2**15, np.int16),
        "mel_runs": _table([(_first_bin(run), len(run) - 1) for run in runs], np.uint32),
        "mel_length": _table([part.length for part in segments], np.uint16),
        "mel_ramp": _table([(part.last, part.step) for part in segments], np.uint32),
        "mel_offset": _table(offset, np.int32),
    }


def _first_bin(run: Sequence[Segment]) -> int:
    return next(segment.first for segment in run if segment.length)


def _table(values: ArrayLike, dtype: type[Any]) -> NDArray[Any]:
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


def _log_table() -> NDArray[np.uint32]:
    nodes = _table(np.log2(1.0 + np.arange(LOG_SEGMENTS + 1) / LOG_SEGMENTS) * 2**LOG_FRACTION_BITS, np.int64)
    return _table(nodes[:-1] * 2**16 + 2 * np.diff(nodes), np.uint32)


def _digit_reversal(count: int) -> NDArray[np.int64]:
    """Indices 0..count-1 (a power of 4) with their base-4 digits in reverse."""
    digits = (count.bit_length() - 1) // 2
    index = np.arange(count)
    reverse = np.zeros(count, dtype=np.int64)
    for _ in range(digits):
        reverse = reverse * 4 + index % 4
        index = index // 4
    return reverse


def _offsets(
    filters: NDArray[np.float64], weights: NDArray[np.int64], sample_rate: int, frame: int
) -> NDArray[np.int32]:
    """[mel_bands], what makes white noise of variance v LSB² read log2(v) in every band."""
    bin_width = sample_rate / frame
    window_energy = 3.0 * frame / 8.0  # the sum of the squared Hann window
    gain = WINDOW_PEAK / 32768.0 * 4.0 / frame  # of the integer spectrum, against the plain Fourier transform
    per_unit = filters.sum(axis=1) / weights.sum(axis=1) * bin_width / (window_energy * gain**2)
    return _table(np.log2(per_unit) * 2**LOG_FRACTION_BITS, np.int32)
