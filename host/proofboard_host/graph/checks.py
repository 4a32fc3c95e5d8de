"""What every operator checks when it is made: whole numbers, ranges, shapes, and that no accumulator can overflow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelFault

INT8_LIMIT = 127
"""int8 activations are in −127..127: never −128, which the exact fast kernels rely on."""

WEIGHT_RANGES = {8: (-127, 127), 4: (-8, 7), 2: (-2, 1)}
"""Lowest and highest weight of each width of storage."""

ACCUMULATOR_LIMIT = 1 << 31


def require(fact: bool, name: str, seen: str) -> None:
    """Raise `ModelFault` about the layer `name` unless `fact` holds."""
    if not fact:
        raise ModelFault(seen, where=f"layer {name}")


def is_integer(value: object) -> bool:
    """A file's 1.0 is no 1: it would be written into C as 1.0."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_integer(name: str, what: str, value: object, low: int, high: int) -> None:
    """`value` is a whole number in low..high."""
    require(is_integer(value), name, f"{what} {value!r} is not a whole number")
    require(low <= value <= high, name, f"{what} {value} is not in {low}..{high}")  # type: ignore[operator]


def check_integers(name: str, what: str, values: object, count: int, low: int, high: int) -> None:
    """`values` is a tuple of `count` whole numbers in low..high."""
    require(
        isinstance(values, tuple) and len(values) == count and all(is_integer(value) for value in values),
        name,
        f"{what} {values!r} is not {count} whole numbers",
    )
    for value in values:  # type: ignore[attr-defined]
        check_integer(name, what, value, low, high)


def check_array(name: str, what: str, values: object, dtype: type, shape: tuple[int | None, ...]) -> None:
    """`values` is an array of that type and shape; None stands for any length of at least 1."""
    require(isinstance(values, np.ndarray), name, f"{what} are no array")
    assert isinstance(values, np.ndarray)
    require(values.dtype == dtype, name, f"{what} are {values.dtype}, not {np.dtype(dtype)}")
    require(values.ndim == len(shape), name, f"{what} have {values.ndim} dimensions, not {len(shape)}")
    fits = all(got >= 1 and (wanted is None or got == wanted) for got, wanted in zip(values.shape, shape, strict=True))
    wanted = " × ".join("n" if length is None else str(length) for length in shape)
    require(fits, name, f"{what} have the shape {values.shape}, not {wanted}")


def check_multiplier(name: str, multiplier: NDArray[np.int32], outputs: int) -> None:
    """One requantisation multiplier an output, int32 in 1..2^31 − 1."""
    check_array(name, "multipliers", multiplier, np.int32, (outputs,))
    require(bool((multiplier >= 1).all()), name, "a multiplier is not in 1..2^31 − 1")


def check_weight_bits(name: str, weights: NDArray[np.int8], bits: object) -> None:
    """`bits` is a width of storage and every weight fits it."""
    require(is_integer(bits) and bits in WEIGHT_RANGES, name, f"bits {bits!r} is not one of 8, 4, 2")
    low, high = WEIGHT_RANGES[bits]  # type: ignore[index]
    fits = bool(((weights >= low) & (weights <= high)).all())
    require(fits, name, f"weights {weights.min()}..{weights.max()} leave {low}..{high}, the range of {bits} bits")


def check_accumulator(name: str, weights: NDArray[np.int8], bias: NDArray[np.int32]) -> None:
    """bias + Σ w·x stays in int32 for any input of −127..127, in any order of the sum.

    Args:
        name: of the layer.
        weights: one row per output, [outputs, products].
        bias: [outputs].
    """
    worst = np.abs(weights.astype(np.int64)).sum(axis=1) * INT8_LIMIT + np.abs(bias.astype(np.int64))
    reach = int(worst.max())
    require(reach < ACCUMULATOR_LIMIT, name, f"the accumulator can reach {reach}, over 2^31")
