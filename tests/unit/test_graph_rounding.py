"""The one rounding rule, against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.graph.rounding import encode_factor, requantise

factors = st.floats(2.0**-32, 1.0, exclude_max=True)


@given(factors)
def test_encoded_factor_is_the_nearest(factor: float) -> None:
    multiplier, shift = encode_factor(factor)
    assert 1 << 30 <= multiplier < 1 << 31
    assert 0 <= shift <= 31
    error = abs(Fraction(multiplier, 1 << (31 + shift)) - Fraction(factor))
    step = Fraction(1, 1 << (31 + shift))
    largest_below_one = (multiplier, shift) == ((1 << 31) - 1, 0)
    assert error <= (step if largest_below_one else step / 2)


@given(st.integers(1 << 30, (1 << 31) - 1), st.integers(0, 31))
def test_every_code_comes_back(multiplier: int, shift: int) -> None:
    assert encode_factor(multiplier * 2.0 ** -(31 + shift)) == (multiplier, shift)


@pytest.mark.parametrize("factor", [0.0, -0.5, 1.0, 2.0**-33, float("nan"), float("inf")])
def test_factor_out_of_range(factor: float) -> None:
    with pytest.raises(ValueError, match="requantisation factor"):
        encode_factor(factor)


def test_ends_of_the_range() -> None:
    assert encode_factor(2.0**-32) == (1 << 30, 31)
    assert encode_factor(math.nextafter(1.0, 0.0)) == ((1 << 31) - 1, 0)
    assert encode_factor(math.nextafter(0.25, 0.0)) == (1 << 30, 1)  # rounds up to the power of two


@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.integers(-(1 << 31), (1 << 31) - 1),
                st.sampled_from([-(1 << 31), -(1 << 31) + 1, -1, 0, 1, (1 << 31) - 1]),
            ),
            st.one_of(st.integers(1 << 30, (1 << 31) - 1), st.sampled_from([1 << 30, (1 << 31) - 1])),
            st.integers(0, 31),
        ),
        min_size=1,
    )
)
def test_requantise_is_round_half_up(cases: list[tuple[int, int, int]]) -> None:
    accumulator, multiplier, shift = (np.array(column) for column in zip(*cases, strict=True))
    got = requantise(accumulator.astype(np.int32), multiplier.astype(np.int32), shift.astype(np.uint8))
    exact = [math.floor(Fraction(a * m, 1 << (31 + s)) + Fraction(1, 2)) for a, m, s in cases]
    assert got.tolist() == exact


def test_halves_go_up() -> None:
    accumulator = np.array([-3, -1, 1, 3], np.int32)
    got = requantise(accumulator, np.full(4, 1 << 30, np.int32), np.zeros(4, np.uint8))  # a factor of one half
    assert got.tolist() == [-1, 0, 1, 2]
