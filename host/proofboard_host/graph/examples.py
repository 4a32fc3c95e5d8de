"""Well-known networks with random weights, for benchmarks and tests of what a graph costs."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .checks import WEIGHT_RANGES
from .graph import Graph
from .operators import AveragePool2d, Conv2d, Dense, DepthwiseConv2d, Operator, Quantise, Tensor
from .reference import apply
from .reference_spatial import conv2d_sums, depthwise_conv2d_sums
from .rounding import FACTOR_BITS, encode_factor

KEYWORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "silence", "unknown")

_FEATURES = (49, 10, 1)
_IMAGE = (25, 5, 64)
_RELU = -127  # the zero point of an activation that is never negative
_RMS = 90.0  # steps of int8, of a layer's output before the ReLU
_LOGIT_RMS = 4000.0
_NO_PADDING = (0, 0, 0, 0)

_Weighted = TypeVar("_Weighted", Conv2d, DepthwiseConv2d, Dense)


def ds_cnn(seed: int, bits: int = 8) -> Graph:
    """The keyword spotter of MLPerf Tiny: 2,656,768 multiply-accumulates with padding, 22,016 weights.

    A convolution of 10×4 and stride 2 on 49 frames of 10 coefficients, four times a depthwise convolution of 3×3 and
    a pointwise one with 64 channels, an average, a dense layer (Y. Zhang et al., arXiv:1711.07128, and the benchmark,
    C. Banbury et al., arXiv:2106.07597).

    Args:
        seed: of weights and of the features by which activations are scaled.
        bits: width of all weights: 8, 4 or 2.
    """
    rng = np.random.default_rng(seed)
    quantise = Quantise("quantise", 0, 127, 15, Tensor(_FEATURES, "int8", 1.0))
    features = rng.integers(-32768, 32767, (4, int(np.prod(_FEATURES))), endpoint=True).astype(np.int16)
    operators: list[Operator] = [quantise]
    values = apply(quantise, features)
    first = _conv(rng, "conv", (64, 10, 4, 1), (2, 2), (4, 5, 1, 1), 0, _FEATURES, bits)
    operators.append(_scaled(rng, first, conv2d_sums(_images(values, _FEATURES), first), 0, _RMS))
    values = apply(operators[-1], values)
    for block in range(1, 5):
        spread = _depthwise(rng, f"depthwise_{block}", bits)
        operators.append(_scaled(rng, spread, depthwise_conv2d_sums(_images(values, _IMAGE), spread), _RELU, _RMS))
        values = apply(operators[-1], values)
        mix = _conv(rng, f"pointwise_{block}", (64, 1, 1, 64), (1, 1), _NO_PADDING, _RELU, _IMAGE, bits)
        operators.append(_scaled(rng, mix, conv2d_sums(_images(values, _IMAGE), mix), _RELU, _RMS))
        values = apply(operators[-1], values)
    mean = round(2**FACTOR_BITS / (_IMAGE[0] * _IMAGE[1]))
    pooled = Tensor((1, 1, _IMAGE[2]), "int8", 1.0, _RELU)
    operators.append(AveragePool2d("average", _IMAGE[:2], (1, 1), 0, mean, _IMAGE, pooled))
    values = apply(operators[-1], values)
    weights = _weights(rng, (len(KEYWORDS), _IMAGE[2]), bits)
    dense = Dense("dense", weights, *_unscaled(len(KEYWORDS)), bits, Tensor((len(KEYWORDS),), "int16", 1.0))
    sums = values.astype(np.int32) @ weights.astype(np.int32).T
    operators.append(_scaled(rng, dense, sums, _RELU, _LOGIT_RMS))
    return Graph("ds_cnn", KEYWORDS, Tensor(_FEATURES, "int16", 1.0), tuple(operators))


def _conv(
    rng: np.random.Generator,
    name: str,
    shape: tuple[int, int, int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
    zero: int,
    source: tuple[int, int, int],
    bits: int,
) -> Conv2d:
    weights = _weights(rng, shape, bits)
    output = Tensor(_IMAGE, "int8", 1.0, _RELU)
    return Conv2d(name, weights, *_unscaled(shape[0]), bits, stride, padding, zero, source, output)


def _depthwise(rng: np.random.Generator, name: str, bits: int) -> DepthwiseConv2d:
    weights = _weights(rng, (3, 3, _IMAGE[2]), bits)
    output = Tensor(_IMAGE, "int8", 1.0, _RELU)
    return DepthwiseConv2d(name, weights, *_unscaled(_IMAGE[2]), bits, (1, 1), (1, 1, 1, 1), _RELU, _IMAGE, output)


def _images(values: NDArray[np.generic], shape: tuple[int, int, int]) -> NDArray[np.int8]:
    return values.astype(np.int8).reshape(-1, *shape)


def _weights(rng: np.random.Generator, shape: tuple[int, ...], bits: int) -> NDArray[np.int8]:
    low, high = WEIGHT_RANGES[bits]
    return rng.integers(low, high, shape, endpoint=True).astype(np.int8)


def _unscaled(outputs: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.zeros(outputs, np.int32), np.ones(outputs, np.int32)


def _scaled(rng: np.random.Generator, operator: _Weighted, sums: NDArray[np.int32], zero: int, rms: float) -> _Weighted:
    """The operator with a factor per channel that spreads `sums`, its accumulators for a sample, over its output.

    Args:
        rng: gives biases and how factors differ between channels.
        operator: with bias 0.
        sums: [..., outputs].
        zero: zero point of the input.
        rms: wanted in the output, before a ReLU.
    """
    outputs = sums.shape[-1]
    axes = (0, 1) if isinstance(operator, DepthwiseConv2d) else tuple(range(1, operator.weights.ndim))
    offsets = -zero * operator.weights.sum(axis=axes, dtype=np.int64)
    real = sums.reshape(-1, outputs) + offsets
    spread = float(np.sqrt(np.mean(real.astype(np.float64) ** 2)))
    bias = np.rint(rng.normal(0, spread / 4, outputs)).astype(np.int64)
    factors = np.minimum(rms / spread * rng.uniform(0.6, 1.4, outputs), 0.49)
    multiplier = np.array([encode_factor(float(factor)) for factor in factors])
    folded = bias + offsets + np.rint(operator.output.zero_point * 2.0**FACTOR_BITS / multiplier).astype(np.int64)
    return replace(operator, bias=folded.astype(np.int32), multiplier=multiplier.astype(np.int32))
