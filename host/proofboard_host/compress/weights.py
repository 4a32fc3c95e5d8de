"""Weights as whole numbers of 8, 4 or 2 bits: symmetric, one scale an output, each row clipped for least error."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .ranges import CLIP_RATIOS

Float64 = npt.NDArray[np.float64]

CODES = {8: (-127, 127), 4: (-7, 7), 2: (-1, 1)}
"""Lowest and highest code by bits: symmetric, so that a row and its negative are rounded alike."""

_WEAKEST = 2.0**-12  # of the strongest row's scale: keeps requantisation factor and bias of a weak row in range


def row_scales(weights: npt.NDArray[np.floating], bits: int) -> Float64:
    """The scale [outputs] of each row of weights [outputs, products] that rounds it with the least squared error.

    A row far weaker than the strongest one keeps a scale within 2^-12 of it and so rounds to zeros.
    """
    rows = weights.astype(np.float64)
    top = CODES[bits][1]
    largest = np.abs(rows).max(axis=1)
    strongest = float(largest.max()) or float(top)  # all zeros: any scale holds them
    largest = np.maximum(largest, strongest * _WEAKEST)
    # Few codes gain from harder clipping: a ternary row is best at about half of its largest weight or less.
    ratios = CLIP_RATIOS if bits == 8 else np.linspace(0.15, 1.0, 35)
    best_error = np.full(len(rows), np.inf)
    best_scale = largest / top
    for ratio in ratios:
        scale = largest * ratio / top
        error = np.square(nearest(rows, scale, bits) * scale[:, None] - rows).sum(axis=1)
        better = error < best_error
        best_error = np.where(better, error, best_error)
        best_scale = np.where(better, scale, best_scale)
    return best_scale


def nearest(weights: npt.NDArray[np.floating], scale: Float64, bits: int) -> npt.NDArray[np.int8]:
    """Every weight by itself to its nearest code: int8 [outputs, products]."""
    low, high = CODES[bits]
    return np.clip(np.rint(weights / scale[:, None]), low, high).astype(np.int8)
