"""The Wilson interval of the running accuracy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.interval import Z_95, wilson

counts = st.integers(0, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


def test_against_published_values() -> None:
    # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3 (score without continuity correction).
    for correct, total, lower, upper in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson(correct, total) == pytest.approx((lower, upper), abs=5e-5)


@given(counts)
def test_it_holds_the_share_and_stays_in_range(count: tuple[int, int]) -> None:
    correct, total = count
    lower, upper = wilson(correct, total)
    assert 0 <= lower <= upper <= 1
    if total:
        assert lower <= correct / total <= upper
        assert upper - lower > 0


@given(counts.filter(lambda count: 0 < count[0] < count[1]))
def test_both_ends_solve_the_score_equation(count: tuple[int, int]) -> None:
    correct, total = count
    share = correct / total
    for end in wilson(correct, total):
        assert abs(share - end) == pytest.approx(Z_95 * (end * (1 - end) / total) ** 0.5, rel=1e-6)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("correct", "total"), [(2, 1), (-1, 3)])
def test_no_proportion(correct: int, total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(correct, total)
