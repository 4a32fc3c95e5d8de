"""Triangular mel filters: in float64, and as straight lines between whole numbers.

Scale and area normalisation are those of Slaney's Auditory Toolbox (Interval Research, report 1998-010), the default
of librosa: linear below 1 kHz (3 mel per 200 Hz), above it 27 steps per factor of 6.4.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RAMP_BITS = 20
"""A triangle's peak is 2**RAMP_BITS: sums of weight × power stay under 2**52, exact in float64."""

_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


@dataclass(frozen=True)
class Segment:
    """The bins between the centres of two neighbouring bands: `length` bins from bin `first`.

    The lower band's weight falls through them on a straight line to `last` at the last bin, by `step` from bin to
    bin; the upper band's weight is what the lower's lacks to 2**RAMP_BITS.
    """

    first: int
    length: int
    last: int
    step: int

    @property
    def falling(self) -> NDArray[np.int64]:
        """Weights of the lower band, [length], 0..2**RAMP_BITS."""
        return self.last + self.step * np.arange(self.length - 1, -1, -1, dtype=np.int64)


def hz_to_mel(hz: float) -> float:
    """Slaney mel of a frequency in Hz."""
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return float(_BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies in Hz of Slaney mels."""
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, above)


def mel_edges(bands: int, f_min: float, f_max: float) -> NDArray[np.float64]:
    """Hz, [bands + 2]: band b rises from edge b to edge b + 1 and falls to edge b + 2."""
    return mel_to_hz(np.linspace(hz_to_mel(f_min), hz_to_mel(f_max), bands + 2))


def mel_filters(sample_rate: int, frame: int, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Filters [bands, frame/2 + 1], each of area 1 over frequency: unit 1/Hz. A band between two bins is all zero."""
    bins = np.arange(frame // 2 + 1) * (sample_rate / frame)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return np.asarray(triangles * 2.0 / (high - low), dtype=np.float64)


def mel_segments(sample_rate: int, frame: int, edges: NDArray[np.float64]) -> list[Segment]:
    """The segments between the edges, [bands + 1]. Bins 0 and frame/2 belong to none: no band has weight there."""
    bins = np.arange(1, frame // 2)
    hz = bins * (sample_rate / frame)
    segments = []
    for low, high in itertools.pairwise(edges):
        inside = np.flatnonzero((hz > low) & (hz <= high))
        segments.append(_segment(bins[inside], (high - hz[inside]) / (high - low), sample_rate / frame / (high - low)))
    return segments


def _segment(bins: NDArray[np.int64], falling: NDArray[np.float64], step: float) -> Segment:
    if not bins.size:
        return Segment(first=0, length=0, last=0, step=0)
    peak, steps = 1 << RAMP_BITS, bins.size - 1
    last = math.floor(float(falling[-1]) * peak + 0.5)
    # Never over the peak at the first bin: the other band's weight is not negative.
    whole = min(math.floor(step * peak + 0.5), (peak - last) // steps) if steps else 0
    return Segment(first=int(bins[0]), length=bins.size, last=last, step=whole)


def band_weights(segments: Sequence[Segment], bins: int) -> NDArray[np.int64]:
    """Weights [len(segments) - 1, bins] of the bands between neighbours of consecutive `segments`."""
    weights = np.zeros((len(segments) - 1, bins), dtype=np.int64)
    for row, rising, falling in zip(weights, segments[:-1], segments[1:], strict=True):
        row[rising.first : rising.first + rising.length] = (1 << RAMP_BITS) - rising.falling
        row[falling.first : falling.first + falling.length] += falling.falling
    return weights
