"""Ranges of int8 activations, chosen on training features for least squared error: what clips and what is rounded.

Asymmetric, one scale a tensor: B. Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018 (arXiv:1712.05877).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..graph.checks import INT8_LIMIT
from ..graph.operators import Quantise, Tensor
from ..train.network import FEATURE_SCALE

Float64 = npt.NDArray[np.float64]

CLIP_RATIOS = np.linspace(0.5, 1.0, 26)
"""Candidates for a clipped range, of the full one."""

_STEPS = 2 * INT8_LIMIT  # between the lowest and the highest code


@dataclass(frozen=True)
class Affine:
    """An int8 activation: real value = offset + q × scale. `offset` need not be a multiple of `scale`."""

    scale: float
    offset: float


def quantise_input(features: npt.NDArray[np.int16]) -> tuple[Quantise, Affine]:
    """The step from int16 to int8 features whose range loses least on the calibration set.

    Args:
        features: int16 [n, inputs].

    Returns:
        The operator, and what its output means in octaves.
    """
    counts = np.bincount(features.ravel().astype(np.int64) + 32768, minlength=1 << 16)
    present = np.flatnonzero(counts)
    low, high = _best_range(present.astype(np.float64) - 32768, counts[present])
    step = max((high - low) / _STEPS, 1.0)
    shift = int(np.clip(np.floor(np.log2(step)) + 14, 1, 30))
    multiplier = int(min(round(2.0**shift / step), (1 << 14) - 1))
    exact = 2.0**shift / multiplier
    zero_point = round(-INT8_LIMIT - low / exact)
    offset = int(np.clip(round(-zero_point * exact), -32768, 32767))
    output = Tensor((features.shape[1],), "int8", exact * FEATURE_SCALE, zero_point)
    return Quantise("quantise", offset, multiplier, shift, output), Affine(output.scale, offset * FEATURE_SCALE)


def relu_range(activations: Float64) -> Affine:
    """int8 for values ≥ 0: −127 is zero, 127 the upper end that loses least."""
    values = activations.ravel()
    top = float(values.max())
    if top <= 0:
        return Affine(1.0, float(INT8_LIMIT))  # the layer never answers: any scale holds its zeros
    once = np.ones(len(values), np.int64)
    errors = [_range_error(values, once, 0.0, top * ratio) for ratio in CLIP_RATIOS]
    scale = top * float(CLIP_RATIOS[int(np.argmin(errors))]) / _STEPS
    return Affine(scale, INT8_LIMIT * scale)


def linear_range(activations: Float64) -> Affine:
    """int8 for values of either sign whose range loses least; zero has a code of its own, `offset` / −`scale`."""
    values = np.sort(activations.ravel())
    low, high = _best_range(values, np.ones(len(values), np.int64))
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / _STEPS or 1.0
    return Affine(scale, -scale * round(-INT8_LIMIT - low / scale))


def _best_range(values: Float64, counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Lower and upper end for 254 steps with the least squared error; ends clip towards the mean.

    Args:
        values: the different values, ascending [k].
        counts: how often each occurs [k].
    """
    low, high, middle = float(values[0]), float(values[-1]), float(np.average(values, weights=counts))
    highs = [middle + (high - middle) * ratio for ratio in CLIP_RATIOS]
    high = highs[int(np.argmin([_range_error(values, counts, low, candidate) for candidate in highs]))]
    lows = [middle + (low - middle) * ratio for ratio in CLIP_RATIOS]
    low = lows[int(np.argmin([_range_error(values, counts, candidate, high) for candidate in lows]))]
    return low, high


def _range_error(values: Float64, counts: npt.NDArray[np.int64], low: float, high: float) -> float:
    """Mean squared error of 255 levels from `low` to `high`: clipping, plus uniform rounding noise inside."""
    outside = np.square(np.maximum(values - high, 0)) + np.square(np.maximum(low - values, 0))
    return float(np.average(outside, weights=counts)) + ((high - low) / _STEPS) ** 2 / 12
