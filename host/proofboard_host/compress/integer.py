"""From a float chain to the `Graph` of integers: training-free quantisation of every layer, calibrated on features.

Scheme and folding of the zero points as in B. Jacob et al., CVPR 2018 (arXiv:1712.05877); bias correction as in M.
Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019 (arXiv:1906.04721),
with measured instead of assumed means.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..graph.checks import INT8_LIMIT
from ..graph.graph import Graph
from ..graph.operators import AveragePool2d, Conv2d, Dense, DepthwiseConv2d, MaxPool2d, Operator, Tensor
from ..graph.rounding import FACTOR_LIMIT, MIN_FACTOR, encode_factor
from ..train.network import FEATURE_SCALE
from .layers import (
    AveragePoolLayer,
    Chain,
    ConvLayer,
    DenseLayer,
    DepthwiseLayer,
    Layer,
    MaxPoolLayer,
    SlidingLayer,
    WeightedLayer,
    products_read,
)
from .ranges import Affine, linear_range, quantise_input, relu_range
from .second_order import curvature, round_rows
from .weights import CODES, nearest, row_scales

Float64 = npt.NDArray[np.float64]
Rounding = Literal["nearest", "second_order"]

_LOGIT_HEADROOM = 2.0  # the target may see louder evidence than the calibration clips


@dataclass(frozen=True)
class Quantisation:
    """`bits` of each layer that has weights, in their order; `rounding` of weights that are on no grid yet."""

    bits: tuple[int, ...]
    rounding: Rounding = "nearest"


def quantise_chain(
    chain: Chain, calibration: npt.NDArray[np.int16], plan: Quantisation, *, name: str, classes: Sequence[str]
) -> Graph:
    """Quantise every layer.

    Args:
        chain: the float network.
        calibration: int16 features [n, …], n ≥ 1, of training clips only.
        plan: bits and rounding.

    Raises:
        ModelFault: no calibration clip, or a layer that does not fit its integers; it names the layer.
    """
    if len(calibration) == 0:
        raise ModelFault("no clip to calibrate on", where=name, hint="the training side must not be empty")
    flat = calibration.reshape(len(calibration), -1)
    quantise, affine = quantise_input(flat)
    shape = chain.shape if isinstance(chain.layers[0], SlidingLayer) else (flat.shape[1],)
    operators: list[Operator] = [
        dataclasses.replace(quantise, output=dataclasses.replace(quantise.output, shape=shape))
    ]
    read = flat.reshape(len(flat), *chain.shape).astype(np.float64) * FEATURE_SCALE
    bits = iter(plan.bits)
    for index, (layer, result) in enumerate(zip(chain.layers, chain.outputs(calibration), strict=True), start=1):
        tensor = operators[-1].output
        if isinstance(layer, MaxPoolLayer):
            output = dataclasses.replace(tensor, shape=result.shape[1:])
            source = _spatial(tensor)
            operators.append(MaxPool2d(f"pool{index}", layer.kernel, layer.kernel, source, output))
        elif isinstance(layer, AveragePoolLayer):
            unit = affine.scale / math.prod(layer.kernel)
            target = _hidden_target(linear_range(result), result.shape[1:], unit)
            operators.append(_mean(f"mean{index}", layer, affine, target, tensor))
            affine = target.affine
        else:
            rows = _quantise_rows(layer, read, next(bits), plan.rounding)
            unit = float(rows.scale.max()) * affine.scale
            if index == len(chain.layers):
                target = _logit_target(result, unit)
            else:
                target = _hidden_target(
                    relu_range(result) if layer.relu else linear_range(result), result.shape[1:], unit
                )
            operators.append(_weighted(f"{_KIND[type(layer)]}{index}", layer, rows, affine, target, tensor))
            affine = target.affine
        read = result
    source_tensor = Tensor((flat.shape[1],), "int16", FEATURE_SCALE)
    return Graph(name, tuple(classes), source_tensor, tuple(operators))


_KIND: dict[type[Layer], str] = {DenseLayer: "dense", ConvLayer: "conv", DepthwiseLayer: "depthwise"}


@dataclass(frozen=True, eq=False)
class _Rows:
    """codes int8 [outputs, products]; scale [outputs]; bias float64 [outputs], corrected for the codes' errors."""

    codes: npt.NDArray[np.int8]
    scale: Float64
    bias: Float64
    bits: int


@dataclass(frozen=True)
class _Target:
    """What a layer's output means, and the tensor that holds it."""

    affine: Affine
    tensor: Tensor


def _quantise_rows(layer: WeightedLayer, read: Float64, bits: int, rounding: Rounding) -> _Rows:
    weights = layer.weights.reshape(len(layer.weights), -1)
    products = products_read(layer, read)
    own = isinstance(layer, DepthwiseLayer)  # each row reads products of its own: their curvatures are not one matrix
    products = products.reshape(-1, *weights.shape) if own else products.reshape(-1, weights.shape[1])
    if layer.codes is not None:
        codes, scale, bits = layer.codes.values.reshape(weights.shape), layer.codes.scale, layer.codes.bits
    else:
        scale = row_scales(weights, bits)
        if rounding == "second_order" and not own:
            codes, correction = round_rows(weights, scale, curvature(products), *CODES[bits])
            return _Rows(codes, scale, layer.bias + correction, bits)
        codes = nearest(weights, scale, bits)
    # Rounding of the weights shifts each output by a constant on average: the bias takes it back.
    correction = ((weights - codes * scale[:, None]) * products.mean(axis=0)).sum(axis=1)
    return _Rows(codes, scale, layer.bias + correction, bits)


def _logit_target(result: Float64, unit: float) -> _Target:
    """One scale for all logits, since they are compared with each other: fine, and with factors below one half.

    `unit` is the largest real value of one step of the accumulator, here and below.
    """
    scale = max(float(np.abs(result).max()) * _LOGIT_HEADROOM / 32767, _finest(unit))
    return _Target(Affine(scale, 0.0), Tensor(result.shape[1:], "int16", scale))


def _finest(unit: float) -> float:
    return 1.001 / FACTOR_LIMIT * unit


def _hidden_target(affine: Affine, shape: tuple[int, ...], unit: float) -> _Target:
    finest = _finest(unit)
    if affine.scale < finest:
        affine = Affine(finest, affine.offset / affine.scale * finest)
    zero_point = round(-affine.offset / affine.scale)
    return _Target(affine, Tensor(shape, "int8", affine.scale, zero_point))


def _mean(name: str, layer: AveragePoolLayer, source: Affine, target: _Target, tensor: Tensor) -> AveragePool2d:
    """The mean of each window, from an input meaning `source`."""
    elements = math.prod(layer.kernel)
    factor = source.scale / elements / target.affine.scale
    bias = round(elements * source.offset / source.scale + target.tensor.zero_point / factor)
    shape = _spatial(tensor)
    return AveragePool2d(name, layer.kernel, layer.kernel, bias, encode_factor(factor), shape, target.tensor)


def _weighted(
    name: str, layer: WeightedLayer, rows: _Rows, source: Affine, target: _Target, tensor: Tensor
) -> Operator:
    """One operator, from an input meaning `source`; zero points of input and output are folded into the bias."""
    real_bias = rows.bias + (rows.codes * rows.scale[:, None]).sum(axis=1) * source.offset
    factors = rows.scale * source.scale / target.affine.scale
    if factors.max() >= FACTOR_LIMIT or factors.min() < MIN_FACTOR:
        raise ModelFault(
            f"requantisation factors {factors.min():.3g}..{factors.max():.3g} leave [2^-24, 0.5)",
            where=f"layer {name}",
        )
    bias = np.rint(real_bias / (rows.scale * source.scale) + target.tensor.zero_point / factors)
    if np.abs(bias).max() >= 1 << 31:
        raise ModelFault("a bias does not fit 32 bits", where=f"layer {name}", hint="its weights are nearly zero")
    multiplier = np.array([encode_factor(float(factor)) for factor in factors], np.int32)
    numbers = bias.astype(np.int32)
    if isinstance(layer, DenseLayer):
        return Dense(name, rows.codes, numbers, multiplier, rows.bits, target.tensor)
    codes = rows.codes.reshape(layer.weights.shape)
    pad = round(float(np.clip((layer.pad - source.offset) / source.scale, -INT8_LIMIT, INT8_LIMIT)))
    places = layer.stride, layer.padding, pad, _spatial(tensor), target.tensor
    if isinstance(layer, DepthwiseLayer):
        weights = np.ascontiguousarray(codes.transpose(1, 2, 0))
        return DepthwiseConv2d(name, weights, numbers, multiplier, rows.bits, *places)
    return Conv2d(name, np.ascontiguousarray(codes), numbers, multiplier, rows.bits, *places)


def _spatial(tensor: Tensor) -> tuple[int, int, int]:
    if len(tensor.shape) != 3:
        raise ModelFault(f"a layer over height and width reads a tensor of shape {tensor.shape}")
    height, width, channels = tensor.shape
    return height, width, channels
