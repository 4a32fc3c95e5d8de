"""What of a run's findings is picked for the report."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.assemble import choose_mistakes


def test_a_rare_mistake_is_shown_beside_a_frequent_one() -> None:
    labels = np.array([0] * 50 + [1] * 50)
    predicted = np.array([1] * 50 + [0] * 3 + [1] * 47)
    rows = choose_mistakes(labels, predicted, 12)
    assert rows[-3:] == [50, 51, 52]
    assert len(rows) == 12
    assert rows[0] < 10 < 40 < rows[8]  # not the first ones only


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=60), st.integers(0, 20))
def test_only_mistakes_each_once_and_as_many_as_there_are(pairs: list[tuple[int, int]], most: int) -> None:
    labels, predicted = np.array(pairs, np.int64).reshape(-1, 2).T
    rows = choose_mistakes(labels, predicted, most)
    wrong = [row for row, (label, said) in enumerate(pairs) if label != said]
    assert len(rows) == len(set(rows)) == min(most, len(wrong))
    assert set(rows) <= set(wrong)
    kinds = {pairs[row] for row in wrong}
    assert {pairs[row] for row in rows} == kinds or len(kinds) > most
