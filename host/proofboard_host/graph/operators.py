"""The operators of a `Graph`: frozen parameters, checked once when they are made.

What an operator computes is in `reference.py`, its C in `emit.py`, its cost in `predict/`. A new operator is a
dataclass here and one registered function in each of those.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelFault

DType = Literal["int16", "int8", "float32"]

_INTEGER_BOUNDS = {"int8": 127, "int16": 32767}


@dataclass(frozen=True)
class Tensor:
    """A value between two operators: a vector of `size` elements; real value = (q − zero_point) × scale."""

    size: int
    dtype: DType
    scale: float
    zero_point: int = 0

    def __post_init__(self) -> None:
        _require(_is_integer(self.size) and self.size >= 1, "tensor", f"size {self.size!r} is not a positive number")
        _require(self.dtype in get_args(DType), "tensor", f"type {self.dtype!r} is not one of {get_args(DType)}")
        _require(
            isinstance(self.scale, float) and math.isfinite(self.scale) and self.scale > 0,
            "tensor",
            f"scale {self.scale!r} is not a positive number",
        )
        _require(_is_integer(self.zero_point), "tensor", f"zero point {self.zero_point!r} is not a whole number")

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.size * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Quantise:
    """int16 features to int8: clamp(((x − offset) × multiplier + 2^(shift−1)) >> shift, −128, 127).

    Range: offset int16, multiplier 1..2^14 − 1, shift 1..30, so that the product stays in 32 bits.
    """

    name: str
    offset: int
    multiplier: int
    shift: int
    output: Tensor

    def __post_init__(self) -> None:
        for value in (self.offset, self.multiplier, self.shift):
            _require(_is_integer(value), self.name, f"{value!r} is not a whole number")
        _require(-32768 <= self.offset <= 32767, self.name, f"offset {self.offset} is not an int16")
        _require(1 <= self.multiplier < 1 << 14, self.name, f"multiplier {self.multiplier} is not in 1..16383")
        _require(1 <= self.shift <= 30, self.name, f"shift {self.shift} is not in 1..30")
        _require(self.output.dtype == "int8", self.name, f"output is {self.output.dtype}, not int8")


@dataclass(frozen=True)
class Dense:
    """Fully connected: clamp(requantise(bias + Σ weights·x, multiplier, shift) + zero point, low, high).

    weights int8 [outputs, inputs]; bias int32 [outputs] with the input's zero point folded in; multiplier int32
    [outputs] in [2^30, 2^31); shift uint8 [outputs] in 0..31. ReLU is `low` = the output's zero point. int8 input;
    int8 or int16 output.
    """

    name: str
    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    multiplier: NDArray[np.int32]
    shift: NDArray[np.uint8]
    low: int
    high: int
    output: Tensor

    def __post_init__(self) -> None:
        _check_matrix(self.name, self.weights, self.bias, self.output, np.int8, np.int32)
        outputs = self.output.size
        _require(
            self.multiplier.shape == self.shift.shape == (outputs,), self.name, "one multiplier and shift per output"
        )
        _require(
            self.multiplier.dtype == np.int32 and bool((self.multiplier >= 1 << 30).all()),
            self.name,
            "a multiplier is not in [2^30, 2^31)",
        )
        _require(self.shift.dtype == np.uint8 and bool((self.shift <= 31).all()), self.name, "a shift is not in 0..31")
        _require(self.output.dtype in _INTEGER_BOUNDS, self.name, f"output is {self.output.dtype}, not int8 or int16")
        bound = _INTEGER_BOUNDS[self.output.dtype]
        zero_point = self.output.zero_point
        _require(-bound - 1 <= zero_point <= bound, self.name, f"zero point {zero_point} is no {self.output.dtype}")
        for value in (self.low, self.high):
            _require(_is_integer(value), self.name, f"{value!r} is not a whole number")
        _require(-bound - 1 <= self.low <= self.high <= bound, self.name, f"clamp {self.low}..{self.high} is not valid")
        # The accumulator can't overflow for any int8 input: |x| ≤ 128.
        worst = np.abs(self.weights.astype(np.int64)).sum(axis=1) * 128 + np.abs(self.bias.astype(np.int64))
        _require(bool((worst < 1 << 31).all()), self.name, f"the accumulator can reach {int(worst.max())}, over 2^31")


@dataclass(frozen=True)
class ToFloat:
    """int16 features to float32: x × scale, with `scale` a power of two so that nothing is rounded."""

    name: str
    scale: float
    output: Tensor

    def __post_init__(self) -> None:
        mantissa, exponent = math.frexp(self.scale)
        _require(mantissa == 0.5, self.name, f"scale {self.scale} is not a power of two")
        _require(-100 <= exponent <= 100, self.name, f"scale {self.scale} leaves the normal range of float32")
        _require(self.output.dtype == "float32", self.name, f"output is {self.output.dtype}, not float32")


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
        _check_matrix(self.name, self.weights, self.bias, self.output, np.float32, np.float32)
        _require(
            bool(np.isfinite(self.weights).all() and np.isfinite(self.bias).all()), self.name, "a weight is not finite"
        )
        _require(self.activation in ("none", "relu"), self.name, f"activation {self.activation!r} is not none or relu")
        _require(self.output.dtype == "float32", self.name, f"output is {self.output.dtype}, not float32")


Operator = Quantise | Dense | ToFloat | DenseFloat


def macs(operator: Operator) -> int:
    """Multiply-accumulates of one run of the operator."""
    return int(operator.weights.size) if isinstance(operator, Dense | DenseFloat) else 0


def _is_integer(value: object) -> bool:
    """A file's 1.0 is no 1: it would be written into C as 1.0."""
    return isinstance(value, int) and not isinstance(value, bool)


def _require(fact: bool, name: str, seen: str) -> None:
    if not fact:
        raise ModelFault(seen, where=f"layer {name}")


def _check_matrix(
    name: str, weights: NDArray[np.generic], bias: NDArray[np.generic], output: Tensor, weight: type, offset: type
) -> None:
    _require(weights.ndim == 2, name, f"weights have {weights.ndim} dimensions, not 2")
    _require(weights.dtype == weight and bias.dtype == offset, name, f"weights {weights.dtype}, bias {bias.dtype}")
    _require(
        weights.shape[0] == output.size and bias.shape == (output.size,),
        name,
        f"weights {weights.shape} and bias {bias.shape} do not give {output.size} outputs",
    )
