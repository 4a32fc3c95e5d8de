"""The one rounding rule, against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.graph.rounding import MAX_MULTIPLIER, encode_factor, requantise

accumulators = st.one_of(
    st.integers(-(1 << 31), (1 << 31) - 1),
    st.sampled_from([-(1 << 31), -(1 << 31) + 1, -1, 0, 1, (1 << 31) - 1]),
)
multipliers = st.one_of(st.integers(1, MAX_MULTIPLIER), st.sampled_from([1, 1 << 30, MAX_MULTIPLIER]))


@given(st.floats(2.0**-24, 0.5, exclude_max=True))
def test_encoded_factor_is_the_nearest(factor: float) -> None:
    multiplier = encode_factor(factor)
    assert 1 << 8 <= multiplier <= MAX_MULTIPLIER
    error = abs(Fraction(multiplier, 1 << 32) - Fraction(factor))
    step = Fraction(1, 1 << 32)
    assert error <= (step if multiplier == MAX_MULTIPLIER else step / 2)


@given(st.integers(1 << 8, MAX_MULTIPLIER))
def test_every_code_comes_back(multiplier: int) -> None:
    assert encode_factor(multiplier * 2.0**-32) == multiplier


@pytest.mark.parametrize("factor", [0.0, -0.25, 0.5, 2.0**-25, float("nan"), float("inf")])
def test_factor_out_of_range(factor: float) -> None:
    with pytest.raises(ValueError, match="requantisation factor"):
        encode_factor(factor)


def test_ends_of_the_range() -> None:
    assert encode_factor(2.0**-24) == 1 << 8
    assert encode_factor(math.nextafter(0.5, 0.0)) == MAX_MULTIPLIER
    assert encode_factor(0.25) == 1 << 30


@given(st.lists(st.tuples(accumulators, multipliers), min_size=1))
def test_requantise_is_round_half_up(cases: list[tuple[int, int]]) -> None:
    accumulator, multiplier = (np.array(column, np.int64).astype(np.int32) for column in zip(*cases, strict=True))
    exact = [math.floor(Fraction(a * m, 1 << 32) + Fraction(1, 2)) for a, m in cases]
    assert requantise(accumulator, multiplier).tolist() == exact


@given(accumulators, multipliers)
def test_requantise_is_smmulr(accumulator: int, multiplier: int) -> None:
    """SMMULR of the Armv8-M Architecture Reference Manual: bits 63 to 32 of the product plus 0x8000_0000."""
    word = ((accumulator * multiplier + 0x8000_0000) >> 32) & 0xFFFF_FFFF
    signed = word - (1 << 32) if word >> 31 else word
    assert requantise(np.array([accumulator], np.int64).astype(np.int32), multiplier).tolist() == [signed]


def test_halves_go_up() -> None:
    accumulator = np.array([-6, -2, 2, 6], np.int32)
    assert requantise(accumulator, 1 << 30).tolist() == [-1, 0, 1, 2]  # a factor of a quarter
