"""Post-training quantisation to int8 weights and activations, calibrated on training features.

Weights: symmetric, a scale per output channel. Activations: asymmetric, a scale per tensor. Scheme and folding of the
zero point as in B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only
inference", CVPR 2018 (arXiv:1712.05877); bias correction as in M. Nagel et al., "Data-free quantization through weight
equalization and bias correction", ICCV 2019 (arXiv:1906.04721), with measured instead of assumed means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..errors import ModelFault
from ..graph.checks import INT8_LIMIT
from ..graph.graph import Graph
from ..graph.operators import Dense, Operator, Quantise, Tensor
from ..graph.rounding import FACTOR_LIMIT, MIN_FACTOR, encode_factor
from ..train.network import FEATURE_SCALE, FloatLayer, FloatNetwork

Float64 = npt.NDArray[np.float64]

_STEPS = 2 * INT8_LIMIT  # between the lowest and the highest code
_CLIP_RATIOS = np.linspace(0.5, 1.0, 26)  # candidates for a clipped range, of the full one
_LOGIT_HEADROOM = 2.0  # the target may see louder evidence than the calibration clips


@dataclass(frozen=True)
class Affine:
    """An int8 activation: real value = offset + q × scale. `offset` need not be a multiple of `scale`."""

    scale: float
    offset: float


def compress_int8(network: FloatNetwork, calibration: npt.NDArray[np.int16], application: Application) -> Graph:
    """Quantise every layer.

    Args:
        network: the float32 network.
        calibration: int16 features [n, …], n ≥ 1, of training clips only.
        application: for the names of the classes.

    Raises:
        ModelFault: no calibration clip, or a layer whose accumulator could overflow (checked by `Dense`).
    """
    if len(calibration) == 0:
        raise ModelFault("no clip to calibrate on", where="int8", hint="the training side must not be empty")
    flat = calibration.reshape(len(calibration), -1)
    quantise, affine = quantise_input(flat)
    operators: list[Operator] = [quantise]
    outputs = network.activations(flat)
    means = [flat.mean(axis=0) * FEATURE_SCALE, *(output.mean(axis=0, dtype=np.float64) for output in outputs)]
    for index, layer in enumerate(network.layers):
        name = f"dense{index + 1}"
        if index + 1 < len(network.layers):
            target = _relu_range(outputs[index])
            tensor = Tensor((layer.weights.shape[0],), "int8", target.scale, -INT8_LIMIT)
            operators.append(_dense(name, layer, affine, means[index], tensor))
            affine = target
        else:
            tensor = Tensor((layer.weights.shape[0],), "int16", _logit_scale(outputs[index], layer, affine))
            operators.append(_dense(name, layer, affine, means[index], tensor))
    source = Tensor((network.widths[0],), "int16", FEATURE_SCALE)
    return Graph("compressed", tuple(application.data.classes), source, tuple(operators))


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


def quantise_weights(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], Float64]:
    """Weights [outputs, inputs] as int8 in −127..127 and a scale per output, each row clipped for least squared error.

    A row far weaker than the strongest one keeps a scale within 2^-12 of it and so rounds to zeros: its requantisation
    factor and its bias must stay in range.
    """
    rows = weights.astype(np.float64)
    largest = np.abs(rows).max(axis=1)
    strongest = float(largest.max()) or 127.0  # all zeros: any scale holds them
    largest = np.maximum(largest, strongest * 2.0**-12)
    best_error = np.full(len(rows), np.inf)
    best_scale = largest / 127
    for ratio in _CLIP_RATIOS:
        scale = largest * ratio / 127
        error = np.square(np.clip(np.rint(rows / scale[:, None]), -127, 127) * scale[:, None] - rows).sum(axis=1)
        better = error < best_error
        best_error = np.where(better, error, best_error)
        best_scale = np.where(better, scale, best_scale)
    return np.clip(np.rint(rows / best_scale[:, None]), -127, 127).astype(np.int8), best_scale


def _dense(name: str, layer: FloatLayer, source: Affine, mean: Float64, output: Tensor) -> Dense:
    """One layer, from an input meaning `source` whose mean over the calibration set is `mean` [inputs].

    The zero points of input and output are folded into the bias.
    """
    weights, scale = quantise_weights(layer.weights)
    restored = weights * scale[:, None]
    # Rounding of the weights shifts each output by a constant on average: the bias takes it back.
    correction = (layer.weights.astype(np.float64) - restored) @ mean
    real_bias = layer.bias.astype(np.float64) + correction + restored.sum(axis=1) * source.offset
    factors = scale * source.scale / output.scale
    bias = np.rint(real_bias / (scale * source.scale) + output.zero_point / factors)
    if np.abs(bias).max() >= 1 << 31:
        raise ModelFault("a bias does not fit 32 bits", where=f"layer {name}", hint="its weights are nearly zero")
    if factors.max() >= FACTOR_LIMIT or factors.min() < MIN_FACTOR:
        raise ModelFault(
            f"requantisation factors {factors.min():.3g}..{factors.max():.3g} leave [2^-24, 0.5)",
            where=f"layer {name}",
        )
    multiplier = np.array([encode_factor(float(factor)) for factor in factors], np.int32)
    return Dense(name, weights, bias.astype(np.int32), multiplier, 8, output)


def _relu_range(activations: npt.NDArray[np.float32]) -> Affine:
    """int8 for values ≥ 0: −127 is zero, 127 the upper end that loses least."""
    values = activations.astype(np.float64).ravel()
    top = float(values.max())
    if top <= 0:
        return Affine(1.0, float(INT8_LIMIT))  # the layer never answers: any scale holds its zeros
    once = np.ones(len(values), np.int64)
    errors = [_range_error(values, once, 0.0, top * ratio) for ratio in _CLIP_RATIOS]
    scale = top * float(_CLIP_RATIOS[int(np.argmin(errors))]) / _STEPS
    return Affine(scale, INT8_LIMIT * scale)


def _best_range(values: Float64, counts: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Lower and upper end for 254 steps with the least squared error; ends clip towards the mean.

    Args:
        values: the different values, ascending [k].
        counts: how often each occurs [k].
    """
    low, high, middle = float(values[0]), float(values[-1]), float(np.average(values, weights=counts))
    highs = [middle + (high - middle) * ratio for ratio in _CLIP_RATIOS]
    high = highs[int(np.argmin([_range_error(values, counts, low, candidate) for candidate in highs]))]
    lows = [middle + (low - middle) * ratio for ratio in _CLIP_RATIOS]
    low = lows[int(np.argmin([_range_error(values, counts, candidate, high) for candidate in lows]))]
    return low, high


def _range_error(values: Float64, counts: npt.NDArray[np.int64], low: float, high: float) -> float:
    """Mean squared error of 255 levels from `low` to `high`: clipping, plus uniform rounding noise inside."""
    outside = np.square(np.maximum(values - high, 0)) + np.square(np.maximum(low - values, 0))
    return float(np.average(outside, weights=counts)) + ((high - low) / _STEPS) ** 2 / 12


def _logit_scale(logits: npt.NDArray[np.float32], layer: FloatLayer, source: Affine) -> float:
    """One scale for all logits (they are compared with each other): fine, and with factors below one half."""
    _, weight_scale = quantise_weights(layer.weights)
    finest = 1.001 / FACTOR_LIMIT * float(weight_scale.max()) * source.scale
    return max(float(np.abs(logits).max()) * _LOGIT_HEADROOM / 32767, finest)
