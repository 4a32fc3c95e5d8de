"""What lies between two operators."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from .checks import is_integer, require

DType = Literal["int16", "int8", "float32"]


@dataclass(frozen=True)
class Tensor:
    """A value between two operators; real value = (q − zero_point) × scale.

    Args:
        shape: (n,), or (height, width, channels): in memory the channels of a place lie together, rows follow rows.
        dtype: int8 activations are in −127..127, int16 in −32768..32767.
        scale: positive.
        zero_point: the code of zero; any whole number, since a range need not include zero.
    """

    shape: tuple[int, ...]
    dtype: DType
    scale: float
    zero_point: int = 0

    def __post_init__(self) -> None:
        shape = self.shape
        require(
            isinstance(shape, tuple) and len(shape) in (1, 3) and all(is_integer(n) and n >= 1 for n in shape),
            "tensor",
            f"shape {shape!r} is neither (n,) nor (height, width, channels) of positive numbers",
        )
        require(self.dtype in get_args(DType), "tensor", f"type {self.dtype!r} is not one of {get_args(DType)}")
        require(
            isinstance(self.scale, float) and math.isfinite(self.scale) and self.scale > 0,
            "tensor",
            f"scale {self.scale!r} is not a positive number",
        )
        require(is_integer(self.zero_point), "tensor", f"zero point {self.zero_point!r} is not a whole number")

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.size * np.dtype(self.dtype).itemsize
