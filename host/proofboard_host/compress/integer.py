"""From a float chain to the `Graph` of integers: training-free quantisation of every layer, calibrated on features.

Scheme and folding of the zero points as in B. Jacob et al., CVPR 2018 (arXiv:1712.05877); bias correction as in M.
Nagel et al., "Data-free quantization through weight equalization and bias correction", ICCV 2019 (arXiv:1906.04721),
with measured instead of assumed means.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..graph.checks import INT8_LIMIT
from ..graph.graph import Graph
from ..graph.operators import Conv2d, Dense, MaxPool2d, Operator, Tensor
from ..graph.rounding import FACTOR_LIMIT, MIN_FACTOR, encode_factor
from ..train.network import FEATURE_SCALE
from .layers import Chain, ConvLayer, DenseLayer, Layer, MaxPoolLayer, products_read
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
    shape = chain.shape if isinstance(chain.layers[0], ConvLayer) else (flat.shape[1],)
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
        else:
            rows = _quantise_rows(layer, read, next(bits), plan.rounding)
            target = _range_of(layer, result, rows, affine, last=index == len(chain.layers))
            operators.append(_weighted(f"{_KIND[type(layer)]}{index}", layer, rows, affine, target, tensor))
            affine = target.affine
        read = result
    source_tensor = Tensor((flat.shape[1],), "int16", FEATURE_SCALE)
    return Graph(name, tuple(classes), source_tensor, tuple(operators))


_KIND: dict[type[Layer], str] = {DenseLayer: "dense", ConvLayer: "conv"}


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


def _quantise_rows(layer: DenseLayer | ConvLayer, read: Float64, bits: int, rounding: Rounding) -> _Rows:
    weights = layer.weights.reshape(len(layer.weights), -1)
    products = products_read(layer, read).reshape(-1, weights.shape[1])
    if layer.codes is not None:
        codes, scale, bits = layer.codes.values.reshape(weights.shape), layer.codes.scale, layer.codes.bits
    else:
        scale = row_scales(weights, bits)
        if rounding == "second_order":
            codes, correction = round_rows(weights, scale, curvature(products), *CODES[bits])
            return _Rows(codes, scale, layer.bias + correction, bits)
        codes = nearest(weights, scale, bits)
    # Rounding of the weights shifts each output by a constant on average: the bias takes it back.
    correction = (weights - codes * scale[:, None]) @ products.mean(axis=0)
    return _Rows(codes, scale, layer.bias + correction, bits)


def _range_of(layer: DenseLayer | ConvLayer, result: Float64, rows: _Rows, source: Affine, *, last: bool) -> _Target:
    shape = result.shape[1:]
    if last:
        # One scale for all logits, since they are compared with each other: fine, and with factors below one half.
        finest = 1.001 / FACTOR_LIMIT * float(rows.scale.max()) * source.scale
        scale = max(float(np.abs(result).max()) * _LOGIT_HEADROOM / 32767, finest)
        return _Target(Affine(scale, 0.0), Tensor(shape, "int16", scale))
    affine = relu_range(result) if layer.relu else linear_range(result)
    finest = 1.001 / FACTOR_LIMIT * float(rows.scale.max()) * source.scale
    if affine.scale < finest:
        affine = Affine(finest, affine.offset / affine.scale * finest)
    zero_point = round(-affine.offset / affine.scale)
    return _Target(affine, Tensor(shape, "int8", affine.scale, zero_point))


def _weighted(
    name: str, layer: DenseLayer | ConvLayer, rows: _Rows, source: Affine, target: _Target, tensor: Tensor
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
    weights = np.ascontiguousarray(rows.codes.reshape(layer.weights.shape))
    pad_value = int(np.clip(tensor.zero_point, -INT8_LIMIT, INT8_LIMIT))  # nothing is padded
    return Conv2d(
        name,
        weights,
        numbers,
        multiplier,
        rows.bits,
        layer.stride,
        (0, 0, 0, 0),
        pad_value,
        _spatial(tensor),
        target.tensor,
    )


def _spatial(tensor: Tensor) -> tuple[int, int, int]:
    if len(tensor.shape) != 3:
        raise ModelFault(f"a layer over height and width reads a tensor of shape {tensor.shape}")
    height, width, channels = tensor.shape
    return height, width, channels
