"""What a benchmark runs: layers with an input, their generated C, the output they must give, and the same layers as
other libraries want them described.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .emit_operator import C_TYPES, array, calls, constants, headers, scratch_bytes
from .graph import Graph
from .operators import AveragePool2d, Conv2d, Dense, DepthwiseConv2d, Operator, Quantise, Tensor, macs, stored_bytes
from .reference import apply
from .rounding import FACTOR_BITS

LayerKind = Literal["dense", "conv", "depthwise", "average_pool"]

_ALIGNED = "__attribute__((aligned(4)))"
_INT8_STEPS = 256  # of int16 logits in one step of int8


@dataclass(frozen=True, eq=False)
class LayerTensors:
    """A layer with its zero points apart from the bias: output = zp_out + factor × (bias + Σ weights × (x − zp_in)).

    Attributes:
        kind: what it computes.
        input_shape, output_shape: (height, width, channels).
        kernel, stride, padding: (vertical, horizontal); padding is what lies before the first element.
        weights: int8; dense [outputs, inputs], conv [outputs, height, width, inputs], depthwise [height, width,
            channels]; empty for a pool.
        bias: int32 [outputs].
        factor: float64 [outputs]. int16 logits are described at the scale of int8, 256 times as coarse.
    """

    kind: LayerKind
    input_shape: tuple[int, int, int]
    output_shape: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    factor: NDArray[np.float64]
    input_zero_point: int
    output_zero_point: int


@dataclass(frozen=True, eq=False)
class Subject:
    """Operators in a chain behind one int8 input.

    Attributes:
        name: a C identifier.
        title: what a table calls it.
        source: type of the input.
        operators: in order; int8 between them.
        values: the input, int8 of the source's shape.
    """

    name: str
    title: str
    source: Tensor
    operators: tuple[Operator, ...]
    values: NDArray[np.int8]

    @property
    def macs(self) -> int:
        """Multiply-accumulates, padding included."""
        return sum(macs(operator) for operator in self.operators)

    @property
    def parameter_bytes(self) -> int:
        """Bytes of weights, biases and multipliers."""
        return sum(stored_bytes(operator) for operator in self.operators)

    @property
    def bits(self) -> int:
        """Width of the narrowest weights."""
        weighted = (operator for operator in self.operators if isinstance(operator, Dense | Conv2d | DepthwiseConv2d))
        return min(operator.bits for operator in weighted)

    @property
    def output(self) -> Tensor:
        """Type of the output."""
        return self.operators[-1].output

    def reference(self) -> NDArray[np.generic]:
        """The output by the integer reference, flat, of the output's type."""
        values: NDArray[np.generic] = self.values.reshape(1, -1)
        for operator in self.operators:
            values = apply(operator, values)
        return values[0]

    def layers(self) -> tuple[LayerTensors, ...]:
        """The same for other libraries."""
        sources = (self.source, *(operator.output for operator in self.operators))
        return tuple(describe(operator, source) for operator, source in zip(self.operators, sources, strict=False))

    def emit(self) -> str:
        """C that defines `void <name>(void)`, which runs the operators, and `<name>__output[]`. Results between
        operators take turns in two arrays; working memory is shared."""
        name = self.name
        scratch = max(1, *(scratch_bytes(operator) for operator in self.operators))
        between = max((operator.output.bytes for operator in self.operators[:-1]), default=1)
        include = sorted({header for operator in self.operators for header in headers(operator)})
        values = array("int8_t", f"{name}__input", self.values).replace(" = {", f" {_ALIGNED} = {{", 1)
        parts = [
            "#include <stddef.h>\n",
            *(f'#include "proofboard/{header}"\n' for header in include),
            f"void {name}(void);\n{values}",
            f"static int32_t {name}__scratch[{-(-scratch // 4)}];\n",
            f"static int8_t {name}__between[2][{-(-between // 4) * 4}] {_ALIGNED};\n",
            f"{C_TYPES[self.output.dtype]} {name}__output[{self.output.size}] {_ALIGNED};\n",
        ]
        statements, source = [f"(void){name}__scratch, (void){name}__between;"], f"{name}__input"
        for index, operator in enumerate(self.operators):
            symbol, last = f"{name}__{index}", index == len(self.operators) - 1
            target = f"{name}__output" if last else f"{name}__between[{index % 2}]"
            parts.append(constants(operator, symbol))
            statements += calls(operator, symbol, (source,), target, f"{name}__scratch")
            source = target
        body = "\n".join(f"    {statement}" for statement in statements)
        return "".join([*parts, f"void {name}(void) {{\n{body}\n}}\n"])


def network_subject(name: str, title: str, graph: Graph, features: NDArray[np.int16]) -> Subject:
    """A network from behind its `Quantise`, on what that gives for `features`, int16 of the graph's input."""
    first, *others = graph.operators
    assert isinstance(first, Quantise), "the network does not begin with Quantise"
    values = apply(first, features.reshape(1, -1))[0].astype(np.int8)
    return Subject(name, title, first.output, tuple(others), values.reshape(first.output.shape))


def describe(operator: Operator, source: Tensor) -> LayerTensors:
    """The layer of an operator whose input is `source`. Raises TypeError for one that only we have."""
    match operator:
        case Dense():
            return _unfolded("dense", operator, source, operator.weights, (1, 1), (1, 1), (0, 0))
        case Conv2d():
            rows = operator.weights.reshape(len(operator.weights), -1)
            return _windowed("conv", operator, source, rows, operator.weights.shape[1:3])
        case DepthwiseConv2d():
            rows = operator.weights.reshape(-1, operator.weights.shape[2]).T
            return _windowed("depthwise", operator, source, rows, operator.weights.shape[:2])
        case AveragePool2d():
            empty = np.zeros(0)
            return LayerTensors(
                "average_pool",
                _spatial(source),
                _spatial(operator.output),
                operator.kernel,
                operator.stride,
                (0, 0),
                empty.astype(np.int8),
                empty.astype(np.int32),
                empty,
                source.zero_point,
                operator.output.zero_point,
            )
    raise TypeError(f"{type(operator).__name__} has no counterpart")


def _windowed(
    kind: LayerKind,
    operator: Conv2d | DepthwiseConv2d,
    source: Tensor,
    rows: NDArray[np.int8],
    kernel: tuple[int, ...],
) -> LayerTensors:
    height, width = kernel
    top, _, left, _ = operator.padding
    return _unfolded(kind, operator, source, rows, (height, width), operator.stride, (top, left))


def _unfolded(
    kind: LayerKind,
    operator: Dense | Conv2d | DepthwiseConv2d,
    source: Tensor,
    rows: NDArray[np.int8],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
) -> LayerTensors:
    """Takes the zero points out of the bias; see `operators.py` for how they went in."""
    factor = operator.multiplier / 2.0**FACTOR_BITS
    zero_point = operator.output.zero_point
    sums = rows.astype(np.int64).sum(axis=1)
    bias = operator.bias + source.zero_point * sums - np.rint(zero_point / factor).astype(np.int64)
    if operator.output.dtype == "int16":
        factor, zero_point = factor / _INT8_STEPS, round(zero_point / _INT8_STEPS)
    return LayerTensors(
        kind,
        _spatial(source),
        _spatial(operator.output),
        kernel,
        stride,
        padding,
        operator.weights,
        bias.astype(np.int32),
        factor,
        source.zero_point,
        zero_point,
    )


def _spatial(tensor: Tensor) -> tuple[int, int, int]:
    """A vector counts as one place with many channels."""
    if len(tensor.shape) == 3:
        height, width, channels = tensor.shape
        return height, width, channels
    return 1, 1, math.prod(tensor.shape)
