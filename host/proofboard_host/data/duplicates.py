"""Windows that hold the same sound: cut from copies, from other encodings, or from overlapping parts of one recording.

Two steps, both indifferent to a shift in time and to gain. A *fingerprint* (the fine structure of the power spectrum,
of which a shift changes nothing) finds candidates among all pairs by one matrix product; the *normalised
cross-correlation* of the two waveforms over all lags decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

#: Cosine of two fingerprints from which the waveforms are looked at: 0 +- 0.05 for unrelated sounds, over 0.9 for
#: another encoding of the same window, 0.3-0.5 where half of the window is shared.
CANDIDATE_SIMILARITY = 0.25
#: Normalised cross-correlation from which two windows are the same sound. In the recipe's packages nearly all pairs
#: lie under 0.4 or above 0.9; what lies between shares a part or is mixed of the same parts.
DUPLICATE_CORRELATION = 0.55

_BAND_HZ = 4.0
_RANGE_HZ = (150.0, 4000.0)
_ENVELOPE_BANDS = 25
_PRE_EMPHASIS = 0.95
_BATCH = 128
_TILE = 2048


@dataclass(frozen=True)
class DuplicatePair:
    """Rows `first` < `second` of the array hold the same sound; `correlation` is 0..1, 1 is identical up to gain."""

    first: int
    second: int
    correlation: float


def find_duplicates(pcm: NDArray[np.int16], owners: NDArray[np.intp], *, sample_rate: int) -> tuple[DuplicatePair, ...]:
    """All pairs of near-duplicate windows with different owners, ordered by rows.

    Args:
        pcm: int16 [windows, samples].
        owners: [windows], such as the index of the recording: windows of one owner are not compared.
        sample_rate: Hz.
    """
    if pcm.shape[0] < 2:
        return ()
    prints = fingerprints(pcm, sample_rate=sample_rate)
    first, second = _candidates(prints, owners)
    correlation = correlate(pcm, first, second, sample_rate=sample_rate)
    return tuple(
        DuplicatePair(int(a), int(b), float(value))
        for a, b, value in zip(first, second, correlation, strict=True)
        if value >= DUPLICATE_CORRELATION
    )


def fingerprints(pcm: NDArray[np.int16], *, sample_rate: int) -> NDArray[np.float32]:
    """Unit vectors of the log power spectrum less its envelope, float32 [windows, bands]; zeros for silence."""
    size = _transform_size(pcm.shape[1])
    width = max(1, round(_BAND_HZ * size / sample_rate))
    low, high = (round(frequency * size / sample_rate) for frequency in _RANGE_HZ)
    high = low + (high - low) // width * width
    bands: list[NDArray[np.float32]] = []
    for at in range(0, pcm.shape[0], _BATCH):
        spectrum = scipy.fft.rfft(_emphasised(pcm[at : at + _BATCH]), size, axis=1)[:, low:high]
        power = (spectrum.real**2 + spectrum.imag**2).reshape(spectrum.shape[0], -1, width).mean(axis=2)
        level = np.log(power + 1e-6 * power.max(axis=1, keepdims=True) + 1e-12)
        level -= _moving_average(level, _ENVELOPE_BANDS)
        norm = np.linalg.norm(level, axis=1, keepdims=True)
        bands.append(np.where(power.max(axis=1, keepdims=True) > 0, level / np.maximum(norm, 1e-9), 0.0))
    return np.concatenate(bands).astype(np.float32)


def correlate(
    pcm: NDArray[np.int16], first: NDArray[np.intp], second: NDArray[np.intp], *, sample_rate: int
) -> NDArray[np.float32]:
    """Greatest magnitude of the normalised cross-correlation over all lags for each pair of rows, [pairs], 0..1.

    Only what lies below 4 kHz is correlated, for that is where other encodings agree. The lags stay those of the full
    rate: between two samples of a slower one a peak can lose a third of its height.
    """
    size = _transform_size(2 * pcm.shape[1])
    bins = min(size // 2, round(_RANGE_HZ[1] * size / sample_rate))
    result = np.zeros(first.size, np.float32)
    for at in range(0, first.size, _BATCH):
        pairs = np.stack([first[at : at + _BATCH], second[at : at + _BATCH]])
        rows, places = np.unique(pairs, return_inverse=True)
        left, right = places.reshape(pairs.shape)
        spectra = scipy.fft.rfft(_emphasised(pcm[rows]), size, axis=1)[:, :bins]
        norms = np.linalg.norm(spectra, axis=1, keepdims=True)
        spectra /= np.maximum(norms, 1e-9)
        # By Parseval, unit spectra with bin 0 empty (pre-emphasised) correlate to irfft * size / 2.
        peaks = np.abs(scipy.fft.irfft(spectra[left] * np.conj(spectra[right]), size, axis=1, workers=-1)).max(axis=1)
        result[at : at + _BATCH] = peaks * (size / 2)
    return result


def _candidates(prints: NDArray[np.float32], owners: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the pairs (upper triangle) whose fingerprints are alike and whose owners differ."""
    firsts: list[NDArray[np.intp]] = []
    seconds: list[NDArray[np.intp]] = []
    for top in range(0, prints.shape[0], _TILE):
        for left in range(top, prints.shape[0], _TILE):
            similarity = prints[top : top + _TILE] @ prints[left : left + _TILE].T
            rows, columns = np.nonzero(similarity >= CANDIDATE_SIMILARITY)
            rows, columns = rows + top, columns + left
            wanted = (rows < columns) & (owners[rows] != owners[columns])
            firsts.append(rows[wanted])
            seconds.append(columns[wanted])
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    order = np.lexsort((second, first))
    return first[order], second[order]


def _emphasised(pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """Pre-emphasis, so that a shared hum or bass note is not taken for a shared recording."""
    signal = pcm.astype(np.float32)
    signal[:, 1:] -= np.float32(_PRE_EMPHASIS) * pcm[:, :-1]
    return signal


def _moving_average(levels: NDArray[np.floating], length: int) -> NDArray[np.floating]:
    half = length // 2
    padded = np.pad(levels, ((0, 0), (half + 1, half)), mode="edge")
    total = np.cumsum(padded, axis=1)
    return (total[:, length:] - total[:, :-length]) / length


def _transform_size(least: int) -> int:
    return 1 << (least - 1).bit_length()


class DisjointSets:
    """Union-find over `count` items; the least member stands for its set, whatever the order of the unions."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def find(self, item: int) -> int:
        while self._parent[item] != item:
            self._parent[item] = self._parent[self._parent[item]]
            item = self._parent[item]
        return item

    def union(self, one: int, other: int) -> None:
        low, high = sorted((self.find(one), self.find(other)))
        self._parent[high] = low
