"""Triangular mel filters in float64: what the integer weights are rounded from.

Scale and area normalisation are those of Slaney's Auditory Toolbox (Interval Research, report 1998-010), the default
of librosa: linear below 1 kHz (3 mel per 200 Hz), above it 27 steps per factor of 6.4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HZ_PER_MEL = 200.0 / 3.0
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def hz_to_mel(hz: float) -> float:
    """Slaney mel of a frequency in Hz."""
    if hz < _BREAK_HZ:
        return hz / _HZ_PER_MEL
    return float(_BREAK_MEL + np.log(hz / _BREAK_HZ) / _LOG_STEP)


def mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Frequencies in Hz of Slaney mels."""
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mel < _BREAK_MEL, mel * _HZ_PER_MEL, above)


def mel_filters(sample_rate: int, frame: int, bands: int, f_min: float, f_max: float) -> NDArray[np.float64]:
    """Filters [bands, frame/2 + 1], each of area 1 over frequency: unit 1/Hz. A band between two bins is all zero."""
    bins = np.arange(frame // 2 + 1) * (sample_rate / frame)
    edges = mel_to_hz(np.linspace(hz_to_mel(f_min), hz_to_mel(f_max), bands + 2))
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    return np.asarray(triangles * 2.0 / (high - low), dtype=np.float64)
