"""The operators of a `Graph`: frozen parameters, checked once when they are made.

What an operator computes is in `reference.py`, its C in `emit_*.py`, its cost in `predict/`. A new operator is a
dataclass here and one registered function in each of those.

Integer layers end in `requantise` of `rounding.py`. The output's zero point is part of their bias: bias =
real bias / (s_in × s_w) − zp_in × Σw + zp_out / factor, so no kernel knows of zero points, and a ReLU is an output
whose zero point is the lowest code, −127.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .checks import (
    ACCUMULATOR_LIMIT,
    INT8_LIMIT,
    check_accumulator,
    check_array,
    check_integer,
    check_integers,
    check_multiplier,
    check_weight_bits,
    require,
)
from .limits import MAX_TENSOR_BYTES
from .rounding import MAX_MULTIPLIER
from .tensor import DType, Tensor

__all__ = [
    "Add",
    "AveragePool2d",
    "Conv2d",
    "Conv2dFloat",
    "DType",
    "Dense",
    "DenseFloat",
    "DepthwiseConv2d",
    "MaxPool2d",
    "Operator",
    "Quantise",
    "Spatial",
    "Tensor",
    "ToFloat",
    "macs",
    "stored_bytes",
    "window_shape",
]

_NO_PADDING = (0, 0, 0, 0)
_INT32_MIN, _INT32_MAX = -(1 << 31), (1 << 31) - 1


@dataclass(frozen=True)
class Quantise:
    """int16 features to int8: clamp(((x − offset) × multiplier + 2^(shift−1)) >> shift, −127, 127).

    Range: offset int16, multiplier 1..2^14 − 1, shift 1..30, so that the product stays in 32 bits.
    """

    name: str
    offset: int
    multiplier: int
    shift: int
    output: Tensor

    def __post_init__(self) -> None:
        check_integer(self.name, "offset", self.offset, -32768, 32767)
        check_integer(self.name, "multiplier", self.multiplier, 1, (1 << 14) - 1)
        check_integer(self.name, "shift", self.shift, 1, 30)
        _check_int8(self.name, self.output)


@dataclass(frozen=True)
class Dense:
    """Fully connected: saturate(requantise(bias + Σ weights·x, multiplier)).

    weights int8 [outputs, inputs], in the range of `bits`; bias int32 [outputs]; multiplier int32 [outputs] in
    1..2^31 − 1. int8 input of any shape; the output is int8, saturated to −127..127, or int16.
    """

    name: str
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    bits: int
    output: Tensor

    def __post_init__(self) -> None:
        _check_weighted(self, (self.output.size, None), self.output.size)
        check_accumulator(self.name, self.weights, self.bias)
        require(self.output.dtype in ("int8", "int16"), self.name, f"output is {self.output.dtype}, not int8 or int16")


@dataclass(frozen=True)
class Conv2d:
    """Convolution: clamp(requantise(bias + Σ weights·x, multiplier), −127, 127), int8 to int8.

    weights int8 [outputs, kernel height, kernel width, inputs]; bias and multiplier int32 [outputs]; stride
    (vertical, horizontal); padding (top, bottom, left, right), less than the kernel, filled with `pad_value`, the code
    of zero; input_shape and output.shape (height, width, channels).
    """

    name: str
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    bits: int
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    pad_value: int
    input_shape: tuple[int, int, int]
    output: Tensor

    def __post_init__(self) -> None:
        channels = _output_channels(self)
        _check_weighted(self, (channels, None, None, None), channels)
        height, width, inputs = self.weights.shape[1:]
        check_accumulator(self.name, self.weights.reshape(channels, -1), self.bias)
        check_integer(self.name, "pad value", self.pad_value, -INT8_LIMIT, INT8_LIMIT)
        _check_window(self, (height, width), self.padding, channels)
        require(self.input_shape[2] == inputs, self.name, f"weights {self.weights.shape}, input {self.input_shape}")


@dataclass(frozen=True)
class DepthwiseConv2d:
    """Convolution of each channel with its own kernel, otherwise like `Conv2d`.

    weights int8 [kernel height, kernel width, channels]; bias and multiplier int32 [channels].
    """

    name: str
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    bits: int
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    pad_value: int
    input_shape: tuple[int, int, int]
    output: Tensor

    def __post_init__(self) -> None:
        channels = _output_channels(self)
        _check_weighted(self, (None, None, channels), channels)
        height, width = self.weights.shape[:2]
        check_accumulator(self.name, self.weights.reshape(-1, channels).T, self.bias)
        check_integer(self.name, "pad value", self.pad_value, -INT8_LIMIT, INT8_LIMIT)
        _check_window(self, (height, width), self.padding, channels)
        require(self.input_shape[2] == channels, self.name, f"weights {self.weights.shape}, input {self.input_shape}")


@dataclass(frozen=True)
class AveragePool2d:
    """Mean of each window and channel: clamp(requantise(Σx + bias, multiplier), −127, 127), int8 to int8.

    kernel and stride (vertical, horizontal); no padding; bias int32; multiplier in 1..2^31 − 1 holds 1 / elements of
    the window and the ratio of the scales.
    """

    name: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    bias: int
    multiplier: int
    input_shape: tuple[int, int, int]
    output: Tensor

    def __post_init__(self) -> None:
        check_integer(self.name, "bias", self.bias, _INT32_MIN, _INT32_MAX)
        check_integer(self.name, "multiplier", self.multiplier, 1, MAX_MULTIPLIER)
        check_integers(self.name, "kernel", self.kernel, 2, 1, MAX_TENSOR_BYTES)
        _check_reach(self.name, INT8_LIMIT * math.prod(self.kernel) + abs(self.bias))
        _check_window(self, self.kernel, _NO_PADDING, None)


@dataclass(frozen=True)
class MaxPool2d:
    """Largest of each window and channel, int8 to int8; kernel and stride (vertical, horizontal); no padding.

    The output has the input's scale and zero point.
    """

    name: str
    kernel: tuple[int, int]
    stride: tuple[int, int]
    input_shape: tuple[int, int, int]
    output: Tensor

    def __post_init__(self) -> None:
        check_integers(self.name, "kernel", self.kernel, 2, 1, MAX_TENSOR_BYTES)
        _check_window(self, self.kernel, _NO_PADDING, None)


@dataclass(frozen=True)
class Add:
    """Sum of two int8 tensors x and y of one shape: clamp((x·first + y·second + bias) >> shift, −127, 127).

    first, second int16; shift 0..30; bias int32 holds the rounding, 2^(shift − 1), and the three zero points.
    """

    name: str
    first: int
    second: int
    bias: int
    shift: int
    output: Tensor

    def __post_init__(self) -> None:
        check_integer(self.name, "first factor", self.first, -32768, 32767)
        check_integer(self.name, "second factor", self.second, -32768, 32767)
        check_integer(self.name, "bias", self.bias, _INT32_MIN, _INT32_MAX)
        check_integer(self.name, "shift", self.shift, 0, 30)
        _check_reach(self.name, INT8_LIMIT * (abs(self.first) + abs(self.second)) + abs(self.bias))
        _check_int8(self.name, self.output)


@dataclass(frozen=True)
class ToFloat:
    """int16 features to float32: x × scale, with `scale` a power of two so that nothing is rounded."""

    name: str
    scale: float
    output: Tensor

    def __post_init__(self) -> None:
        require(isinstance(self.scale, float), self.name, f"scale {self.scale!r} is not a number with a point")
        mantissa, exponent = math.frexp(self.scale)
        require(mantissa == 0.5, self.name, f"scale {self.scale} is not a power of two")
        require(-100 <= exponent <= 100, self.name, f"scale {self.scale} leaves the normal range of float32")
        require(self.output.dtype == "float32", self.name, f"output is {self.output.dtype}, not float32")


@dataclass(frozen=True)
class DenseFloat:
    """Fully connected in float32: bias, then products added in the order of the inputs, each rounded (no fused
    multiply-add), then the activation. The fixed order is what makes it equal to the last bit everywhere."""

    name: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    activation: Literal["none", "relu"]
    output: Tensor

    def __post_init__(self) -> None:
        check_array(self.name, "weights", self.weights, np.float32, (self.output.size, None))
        check_array(self.name, "biases", self.bias, np.float32, (self.output.size,))
        require(
            bool(np.isfinite(self.weights).all() and np.isfinite(self.bias).all()), self.name, "a weight is not finite"
        )
        require(self.activation in ("none", "relu"), self.name, f"activation {self.activation!r} is not none or relu")
        require(self.output.dtype == "float32", self.name, f"output is {self.output.dtype}, not float32")


@dataclass(frozen=True)
class Conv2dFloat:
    """Convolution in float32, in the fixed order of `DenseFloat`: bias, then the window row by row and all channels of
    a tap before the next; then the activation.

    weights float32 [outputs, kernel height, kernel width, inputs], or [channels, …, 1] where each channel has a kernel
    of its own; bias [outputs]; stride and padding as in `Conv2d`, the padding filled with `pad_value`.
    """

    name: str
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    pad_value: float
    activation: Literal["none", "relu"]
    input_shape: tuple[int, int, int]
    output: Tensor

    def __post_init__(self) -> None:
        channels = _output_channels(self)
        check_array(self.name, "weights", self.weights, np.float32, (channels, None, None, None))
        check_array(self.name, "biases", self.bias, np.float32, (channels,))
        finite = bool(np.isfinite(self.weights).all() and np.isfinite(self.bias).all())
        require(finite, self.name, "a weight is not finite")
        require(isinstance(self.pad_value, float), self.name, f"pad value {self.pad_value!r} is no number with a point")
        require(math.isfinite(self.pad_value), self.name, f"pad value {self.pad_value} is not finite")
        require(self.activation in ("none", "relu"), self.name, f"activation {self.activation!r} is not none or relu")
        require(self.output.dtype == "float32", self.name, f"output is {self.output.dtype}, not float32")
        _check_window(self, (self.weights.shape[1], self.weights.shape[2]), self.padding, channels)
        read, inputs = self.weights.shape[3], self.input_shape[2]
        own = read == 1 and channels == inputs
        require(read == inputs or own, self.name, f"weights {self.weights.shape}, input {self.input_shape}")

    @property
    def depthwise(self) -> bool:
        """Each channel has a kernel of its own."""
        return self.weights.shape[3] == 1 and self.input_shape[2] > 1


Spatial = Conv2d | DepthwiseConv2d | AveragePool2d | MaxPool2d | Conv2dFloat
"""Operators that slide a window over (height, width, channels)."""

Operator = (
    Quantise | Dense | Conv2d | DepthwiseConv2d | AveragePool2d | MaxPool2d | Add | ToFloat | DenseFloat | Conv2dFloat
)


def macs(operator: Operator) -> int:
    """Multiply-accumulates of one run of the operator, padding included."""
    match operator:
        case Dense() | DenseFloat():
            return int(operator.weights.size)
        case Conv2d() | DepthwiseConv2d() | Conv2dFloat():
            return int(operator.weights.size) * operator.output.shape[0] * operator.output.shape[1]
    return 0


def stored_bytes(operator: Operator) -> int:
    """Bytes of weights at their width, biases and multipliers; without what a kernel's layout pads."""
    match operator:
        case Dense() | Conv2d() | DepthwiseConv2d():
            return -(-operator.weights.size * operator.bits // 8) + operator.bias.nbytes + operator.multiplier.nbytes
        case DenseFloat() | Conv2dFloat():
            return operator.weights.nbytes + operator.bias.nbytes
    return 0


def window_shape(
    input_shape: tuple[int, ...],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int] = _NO_PADDING,
) -> tuple[int, int]:
    """Height and width of what a sliding window gives: floor((in + padding − kernel) / stride) + 1."""
    top, bottom, left, right = padding
    height = (input_shape[0] + top + bottom - kernel[0]) // stride[0] + 1
    width = (input_shape[1] + left + right - kernel[1]) // stride[1] + 1
    return height, width


def _check_int8(name: str, output: Tensor) -> None:
    require(output.dtype == "int8", name, f"output is {output.dtype}, not int8")


def _check_reach(name: str, reach: int) -> None:
    require(reach < ACCUMULATOR_LIMIT, name, f"the accumulator can reach {reach}, over 2^31")


def _output_channels(operator: Conv2d | DepthwiseConv2d | Conv2dFloat) -> int:
    shape = operator.output.shape
    require(len(shape) == 3, operator.name, f"output {shape} is not height, width, channels")
    return shape[2]


def _check_weighted(operator: Dense | Conv2d | DepthwiseConv2d, shape: tuple[int | None, ...], channels: int) -> None:
    """Weights of that shape in the range of their bits; a bias and a multiplier per output channel."""
    check_array(operator.name, "weights", operator.weights, np.int8, shape)
    check_weight_bits(operator.name, operator.weights, operator.bits)
    check_array(operator.name, "biases", operator.bias, np.int32, (channels,))
    check_multiplier(operator.name, operator.multiplier, channels)


def _check_window(
    operator: Spatial, kernel: tuple[int, int], padding: tuple[int, int, int, int], channels: int | None
) -> None:
    """The output's shape is what the window gives, with the input's channels if `channels` is None; no window lies in
    the padding alone."""
    name = operator.name
    if not isinstance(operator, Conv2dFloat):
        _check_int8(name, operator.output)
    check_integers(name, "stride", operator.stride, 2, 1, MAX_TENSOR_BYTES)
    check_integers(name, "input shape", operator.input_shape, 3, 1, MAX_TENSOR_BYTES)
    check_integers(name, "padding", padding, 4, 0, MAX_TENSOR_BYTES)
    require(
        max(padding[:2]) < kernel[0] and max(padding[2:]) < kernel[1],
        name,
        f"padding {padding} is not less than the kernel {kernel}",
    )
    height, width = window_shape(operator.input_shape, kernel, operator.stride, padding)
    require(min(height, width) >= 1, name, f"the window {kernel} is larger than the input {operator.input_shape}")
    wanted = (height, width, operator.input_shape[2] if channels is None else channels)
    require(operator.output.shape == wanted, name, f"output {operator.output.shape}, but the window gives {wanted}")
