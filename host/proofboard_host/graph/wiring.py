"""The rules of a graph as a whole: who reads what, do types and shapes meet, can it run on a target."""

from __future__ import annotations

import numpy as np

from .checks import require
from .limits import MAX_TENSOR_BYTES
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
    Tensor,
    ToFloat,
)

Sources = tuple[tuple[int, ...], ...]
"""For each operator the tensors it reads: 0 is the features, i the output of operator i − 1."""


def chain_sources(operators: tuple[Operator, ...]) -> Sources:
    """Each operator reads what the one before it gives."""
    return tuple((index,) for index in range(len(operators)))


def check_wiring(tensors: tuple[Tensor, ...], operators: tuple[Operator, ...], sources: Sources) -> None:
    """Every source is computed before it is read and has the type and shape its reader takes; nothing is unused.

    Args:
        tensors: the features, then each operator's output.
        operators: in the order they run.
        sources: as many entries as operators.

    Raises:
        ModelFault: names the layer.
    """
    for index, (operator, read) in enumerate(zip(operators, sources, strict=True)):
        wanted = 2 if isinstance(operator, Add) else 1
        require(len(read) == wanted, operator.name, f"takes {wanted} source(s), is given {len(read)}")
        for source in read:
            require(0 <= source <= index, operator.name, f"source {source} is not computed before layer {index}")
            _check_meets(operator, tensors[source])
        _check_size(operator.output, operator.name)
    # The first operator can read nothing but the features: these are always read.
    every_read = {source for read in sources for source in read}
    for tensor, operator in enumerate(operators[:-1], start=1):
        require(tensor in every_read, operator.name, "no operator reads its output")


def check_float_range(operators: tuple[Operator, ...], sources: Sources) -> None:
    """No input may drive a float layer past float32: the bits of a NaN differ between processors.

    Half of float32's range is left to rounding.

    Raises:
        ModelFault: names the layer.
    """
    bounds = [0.0]  # the largest magnitude of each float tensor
    for operator, read in zip(operators, sources, strict=True):
        bound = 0.0
        if isinstance(operator, ToFloat):
            bound = 32768.0 * operator.scale
        if isinstance(operator, DenseFloat | Conv2dFloat):
            largest = max(bounds[read[0]], abs(operator.pad_value) if isinstance(operator, Conv2dFloat) else 0.0)
            with np.errstate(over="ignore"):
                weights = np.abs(operator.weights.astype(np.float64)).reshape(len(operator.weights), -1).sum(axis=1)
                bound = float((weights * largest + np.abs(operator.bias.astype(np.float64))).max())
            require(bound < 2.0**127, operator.name, "some input drives the layer past float32")
        bounds.append(bound)


def _check_size(tensor: Tensor, where: str) -> None:
    seen = f"a tensor of {tensor.bytes} bytes, an image holds {MAX_TENSOR_BYTES}"
    require(tensor.bytes <= MAX_TENSOR_BYTES, where, seen)


def _check_meets(operator: Operator, source: Tensor) -> None:
    name = operator.name
    wanted = _input_type(operator)
    require(source.dtype == wanted, name, f"takes {wanted}, is given {source.dtype}")
    match operator:
        case Dense() | DenseFloat():
            inputs = operator.weights.shape[1]
            require(source.size == inputs, name, f"takes {inputs} inputs, is given {source.size}")
        case Conv2d() | DepthwiseConv2d() | AveragePool2d() | MaxPool2d() | Conv2dFloat():
            shape = operator.input_shape
            require(source.shape == shape, name, f"takes the shape {shape}, is given {source.shape}")
        case Add():
            same = source.shape == operator.output.shape
            require(same, name, f"adds the shape {operator.output.shape}, is given {source.shape}")
        case Quantise() | ToFloat():
            inputs = operator.output.size
            require(source.size == inputs, name, f"takes {inputs} inputs, is given {source.size}")
    if isinstance(operator, MaxPool2d):
        same = (source.scale, source.zero_point) == (operator.output.scale, operator.output.zero_point)
        require(same, name, "the output's scale and zero point are not the input's")


def _input_type(operator: Operator) -> str:
    match operator:
        case Quantise() | ToFloat():
            return "int16"
        case DenseFloat() | Conv2dFloat():
            return "float32"
    return "int8"
