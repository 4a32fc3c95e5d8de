"""The integer reference: what a `Graph` computes, in NumPy, from the graph alone. Rung 3 of the ladder.

Spatial operators are in `reference_spatial.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from . import reference_spatial as spatial
from .checks import INT8_LIMIT
from .exact import exact_products
from .graph import Graph
from .operators import (
    Add,
    AveragePool2d,
    Conv2d,
    Conv2dFloat,
    Dense,
    DenseFloat,
    DepthwiseConv2d,
    MaxPool2d,
    Operator,
    Quantise,
    Spatial,
    ToFloat,
)
from .rounding import requantise

_CHUNK_ELEMENTS = 1 << 19  # of the largest tensor at a time: keeps the wide intermediates near the cache


@dataclass(frozen=True)
class Trace:
    """`layers[k]` is the output of operator k, [clips, size] in the operator's own type, flattened."""

    layers: tuple[NDArray[np.generic], ...]

    @property
    def logits(self) -> NDArray[np.generic]:
        """The last layer's output."""
        return self.layers[-1]


def run(graph: Graph, features: NDArray[np.int16]) -> Trace:
    """Run the graph on features [clips, …] of int16 and keep every layer's output."""
    flat = np.ascontiguousarray(features.reshape(len(features), math.prod(features.shape[1:])))
    if flat.dtype != np.int16 or flat.shape[1] != graph.input.size:
        raise ValueError(f"features {features.shape} of {features.dtype} are not int16 [clips, {graph.input.size}]")
    tensors: list[NDArray[np.generic]] = [flat]
    for operator, read in zip(graph.operators, graph.wiring, strict=True):
        chunk = max(1, _CHUNK_ELEMENTS // max(operator.output.size, *(tensors[source].shape[1] for source in read)))
        chunks = [
            apply(operator, *(tensors[source][start : start + chunk] for source in read))
            for start in range(0, len(flat), chunk)
        ]
        empty = np.empty((0, operator.output.size), operator.output.dtype)
        tensors.append(np.concatenate(chunks) if chunks else empty)
    return Trace(tuple(tensors[1:]))


def words(logits: NDArray[np.generic]) -> NDArray[np.int32]:
    """Logits as they travel: int16 widened to int32, float32 as its bit pattern."""
    return logits.view(np.int32) if logits.dtype == np.float32 else logits.astype(np.int32)


@singledispatch
def apply(operator: Operator, *tensors: NDArray[np.generic]) -> NDArray[np.generic]:
    """One operator on its sources, each [clips, size]; gives [clips, size]."""
    raise TypeError(f"no reference for {type(operator).__name__}")


@apply.register
def _(operator: Quantise, tensor: NDArray[np.int16]) -> NDArray[np.int8]:
    product = (tensor.astype(np.int32) - operator.offset) * operator.multiplier
    return _clamp((product + (1 << (operator.shift - 1))) >> operator.shift)


@apply.register
def _(operator: Dense, tensor: NDArray[np.int8]) -> NDArray[np.generic]:
    accumulator = exact_products(tensor, operator.weights) + operator.bias
    scaled = requantise(accumulator, operator.multiplier)
    if operator.output.dtype == "int8":
        return _clamp(scaled)
    return np.clip(scaled, -32768, 32767).astype(np.int16)


@apply.register
def _(operator: Add, first: NDArray[np.int8], second: NDArray[np.int8]) -> NDArray[np.int8]:
    scaled = first.astype(np.int32) * operator.first + second.astype(np.int32) * operator.second
    return _clamp((scaled + operator.bias) >> operator.shift)


@apply.register
def _(operator: ToFloat, tensor: NDArray[np.int16]) -> NDArray[np.float32]:
    return tensor.astype(np.float32) * np.float32(operator.scale)


@apply.register
def _(operator: DenseFloat, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    # One input after the other over all outputs: the order of the C loop, each product and sum rounded to float32.
    accumulator = np.broadcast_to(operator.bias, (len(tensor), operator.output.size)).copy()
    columns = np.ascontiguousarray(operator.weights.T)
    rows = np.ascontiguousarray(tensor.T)
    for index in range(columns.shape[0]):
        accumulator += rows[index][:, None] * columns[index]
    if operator.activation == "relu":
        return np.where(accumulator > 0, accumulator, np.float32(0))
    return accumulator


@apply.register
def _(operator: Conv2dFloat, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
    sums = spatial.conv2d_float(tensor.reshape(-1, *operator.input_shape), operator)
    flat = sums.reshape(len(sums), -1)
    return np.where(flat > 0, flat, np.float32(0)) if operator.activation == "relu" else flat


@apply.register
def _(operator: Conv2d, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    sums = spatial.conv2d_sums(_images(operator, tensor), operator)
    return _rows(_clamp(requantise(sums, operator.multiplier)))


@apply.register
def _(operator: DepthwiseConv2d, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    sums = spatial.depthwise_conv2d_sums(_images(operator, tensor), operator)
    return _rows(_clamp(requantise(sums, operator.multiplier)))


@apply.register
def _(operator: AveragePool2d, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    sums = spatial.average_pool2d_sums(_images(operator, tensor), operator)
    return _rows(_clamp(requantise(sums, operator.multiplier)))


@apply.register
def _(operator: MaxPool2d, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    return _rows(spatial.max_pool2d(_images(operator, tensor), operator))


def _images(operator: Spatial, tensor: NDArray[np.int8]) -> NDArray[np.int8]:
    return tensor.reshape(-1, *operator.input_shape)


def _rows(images: NDArray[np.int8]) -> NDArray[np.int8]:
    return images.reshape(len(images), -1)


def _clamp(values: NDArray[np.signedinteger]) -> NDArray[np.int8]:
    return np.clip(values, -INT8_LIMIT, INT8_LIMIT).astype(np.int8)
