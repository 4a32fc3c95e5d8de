"""Statistics against closed forms, SciPy and their own definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host import stats
from proofboard_host.errors import DataFault
from scipy.stats import binom


@given(st.integers(1, 5000), st.data())
def test_wilson_obeys_its_closed_form(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    z = 1.959963984540054
    share = successes / trials
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    estimate = stats.wilson(successes, trials)
    assert estimate.value == share
    assert estimate.lower == pytest.approx(max(0.0, centre - half), abs=1e-9)
    assert estimate.upper == pytest.approx(min(1.0, centre + half), abs=1e-9)


@pytest.mark.parametrize(("successes", "trials"), [(0, 0), (3, 2), (-1, 4)])
def test_wilson_refuses_what_is_no_proportion(successes: int, trials: int) -> None:
    with pytest.raises(DataFault, match="no proportion"):
        stats.wilson(successes, trials)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_sums_the_binomial_tails(lost: int, gained: int) -> None:
    discordant = lost + gained
    expected = min(1.0, 2 * binom.cdf(min(lost, gained), discordant, 0.5)) if discordant else 1.0
    assert stats.mcnemar_p(lost, gained) == pytest.approx(expected)
    assert stats.mcnemar_p(lost, gained) == stats.mcnemar_p(gained, lost)


def test_confusion_and_recalls_count_by_hand() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    predicted = np.array([0, 0, 1, 1, 2, 2])
    assert stats.confusion_matrix(labels, predicted, 4).tolist() == [
        [2, 1, 0, 0],
        [0, 1, 1, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]
    found = stats.recalls(labels, predicted, ("a", "b", "c", "d"))
    assert {name: estimate.value for name, estimate in found.items()} == {"a": 2 / 3, "b": 0.5, "c": 1.0}
    assert stats.accuracy(labels, predicted).value == 4 / 6


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_paired_difference_holds_its_value_and_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, before, after = rng.integers(0, 2, (3, 60))
    result = stats.paired_difference(labels, before, after, [str(g) for g in rng.integers(0, 9, 60)], resamples=200)
    assert result.difference.value == pytest.approx((after == labels).mean() - (before == labels).mean())
    assert result.gained - result.lost == (after == labels).sum() - (before == labels).sum()
    assert result.difference.lower <= result.difference.value <= result.difference.upper


def test_group_bootstrap_is_wider_where_groups_move_together() -> None:
    labels = np.zeros(400, int)
    before = np.zeros(400, int)
    after = np.zeros(400, int)
    after[:40] = 1  # forty clips lost: one whole group of ten, or four in every group of forty
    together = [str(i // 40) for i in range(400)]
    spread = [str(i % 10) for i in range(400)]
    wide = stats.paired_difference(labels, before, after, together).difference
    narrow = stats.paired_difference(labels, before, after, spread).difference
    assert wide.value == narrow.value == -0.1
    assert wide.upper - wide.lower > 0.2
    assert narrow.upper - narrow.lower < 1e-9


def test_group_bootstrap_agrees_with_the_normal_interval_for_single_clip_groups() -> None:
    rng = np.random.default_rng(5)
    labels = np.zeros(2000, int)
    before = (rng.random(2000) < 0.10).astype(int)
    after = (rng.random(2000) < 0.12).astype(int)
    interval = stats.paired_difference(labels, before, after, [str(i) for i in range(2000)], resamples=4000)
    change = (after == 0).astype(float) - (before == 0)
    half = 1.96 * change.std() / math.sqrt(2000)
    assert interval.difference.lower == pytest.approx(change.mean() - half, abs=0.002)
    assert interval.difference.upper == pytest.approx(change.mean() + half, abs=0.002)


def test_non_inferiority_needs_the_whole_interval() -> None:
    result = stats.PairedDifference(stats.Estimate(0.0, -0.008, 0.01), 3, 3, 1.0)
    assert result.not_worse(0.01)
    assert not result.not_worse(0.005)


def test_calibration_error_of_a_calibrated_and_a_boastful_classifier() -> None:
    labels = np.array([0] * 75 + [1] * 25)
    honest = np.tile([0.75, 0.25], (100, 1))
    boastful = np.tile([0.999, 0.001], (100, 1))
    assert stats.calibration_error(labels, honest) == pytest.approx(0.0, abs=1e-12)
    assert stats.calibration_error(labels, boastful) == pytest.approx(0.249)


def test_softmax_survives_large_logits() -> None:
    assert stats.softmax(np.array([[1000.0, 1000.0 + math.log(3)]])).tolist()[0] == pytest.approx([0.25, 0.75])


def test_arrays_that_do_not_pair_are_refused() -> None:
    with pytest.raises(DataFault, match="can't pair"):
        stats.accuracy(np.zeros(3, int), np.zeros(4, int))
    with pytest.raises(DataFault, match="groups"):
        stats.paired_difference(np.zeros(3, int), np.zeros(3, int), np.zeros(3, int), ["a"])
