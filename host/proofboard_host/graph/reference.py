"""The integer reference: what a `Graph` computes, in NumPy, from the graph alone. Rung 3 of the ladder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from .graph import Graph
from .operators import Dense, DenseFloat, Operator, Quantise, ToFloat
from .rounding import requantise

_CHUNK = 512  # clips at a time: keeps the int32 intermediates in the cache


@dataclass(frozen=True)
class Trace:
    """`layers[k]` is the output of operator k, [clips, size] in the operator's own type."""

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
    layers: list[NDArray[np.generic]] = []
    tensor: NDArray[np.generic] = flat
    for operator in graph.operators:
        chunks = [apply(operator, tensor[start : start + _CHUNK]) for start in range(0, len(tensor), _CHUNK)]
        tensor = np.concatenate(chunks) if chunks else np.empty((0, operator.output.size), operator.output.dtype)
        layers.append(tensor)
    return Trace(tuple(layers))


def words(logits: NDArray[np.generic]) -> NDArray[np.int32]:
    """Logits as they travel: int16 widened to int32, float32 as its bit pattern."""
    return logits.view(np.int32) if logits.dtype == np.float32 else logits.astype(np.int32)


@singledispatch
def apply(operator: Operator, tensor: NDArray[np.generic]) -> NDArray[np.generic]:
    """One operator on [clips, inputs]."""
    raise TypeError(f"no reference for {type(operator).__name__}")


@apply.register
def _(operator: Quantise, tensor: NDArray[np.int16]) -> NDArray[np.int8]:
    product = (tensor.astype(np.int32) - operator.offset) * operator.multiplier
    rounded = (product + (1 << (operator.shift - 1))) >> operator.shift
    return np.clip(rounded, -128, 127).astype(np.int8)


@apply.register
def _(operator: Dense, tensor: NDArray[np.int8]) -> NDArray[np.generic]:
    # float64 holds every partial sum exactly (under 2^31 by the operator's own check), and BLAS is fast.
    sums = tensor.astype(np.float64) @ operator.weights.astype(np.float64).T
    accumulator = sums.astype(np.int32) + operator.bias
    scaled = requantise(accumulator, operator.multiplier, operator.shift) + operator.output.zero_point
    return np.clip(scaled, operator.low, operator.high).astype(operator.output.dtype)


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
