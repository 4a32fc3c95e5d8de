"""Accuracy kept: paired non-inferiority of a candidate to the baseline, on grouped out-of-fold predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..stats import PairedDifference, calibration_error, paired_difference, softmax

_ONE_SIDED = 0.90
"""A two-sided 90 % interval has a one-sided 95 % bound at its lower end."""

_RESAMPLES = 4000


@dataclass(frozen=True)
class AccuracyRule:
    """Margins as fractions > 0: how far accuracy, recall of the rare class, and accuracy where recordings change, may
    lie below the baseline's.

    Recall has a margin of its own: it is known from few clips of few groups, and its interval is wide whatever is done.
    """

    margin: float
    recall_margin: float
    shift_margin: float = 0.1


@dataclass(frozen=True)
class Judgement:
    """A candidate beside the baseline on the same clips.

    Attributes:
        accuracy, recall: the candidate's own.
        difference, recall_difference: to the baseline's, with one-sided 95 % lower bounds.
        calibration: expected calibration error, and the baseline's.
        margin_shift: mean change of the probability given to the true class.
    """

    accuracy: float
    recall: float
    difference: PairedDifference
    recall_difference: PairedDifference
    calibration: float
    baseline_calibration: float
    margin_shift: float

    def slack(self, rule: AccuracyRule) -> tuple[float, float]:
        """How far each lower bound lies above its limit; both > 0 where accuracy is kept."""
        return (
            self.difference.difference.lower + rule.margin,
            self.recall_difference.difference.lower + rule.recall_margin,
        )

    def kept(self, rule: AccuracyRule) -> bool:
        """Not worse, by the rule."""
        return min(self.slack(rule)) > 0


@dataclass(frozen=True, eq=False)
class Judge:
    """The clips, and what the baseline says of them.

    labels [clips]; baseline: logits, real values [clips, classes]; groups [clips]; positive: index of the rare class.
    """

    labels: npt.NDArray[np.int64]
    baseline: npt.NDArray[np.floating]
    groups: Sequence[str]
    positive: int

    def judge(self, logits: npt.NDArray[np.floating], *, seed: int) -> Judgement:
        """Judge real-valued logits [clips, classes]; `seed` of the bootstrap."""
        before, after = self.baseline.argmax(axis=1), logits.argmax(axis=1)
        rare = self.labels == self.positive
        groups = np.asarray(self.groups)

        def differ(chosen: npt.NDArray[np.bool_]) -> PairedDifference:
            return one_sided(self.labels[chosen], before[chosen], after[chosen], list(groups[chosen]), seed=seed)

        probabilities, probabilities_before = softmax(logits), softmax(self.baseline)
        true = np.arange(len(self.labels)), self.labels
        return Judgement(
            float((after == self.labels).mean()),
            float((after[rare] == self.positive).mean()),
            differ(np.ones(len(self.labels), bool)),
            differ(rare),
            calibration_error(self.labels, probabilities),
            calibration_error(self.labels, probabilities_before),
            float((probabilities[true] - probabilities_before[true]).mean()),
        )


def one_sided(
    labels: npt.NDArray[np.int64],
    before: npt.NDArray[np.int64],
    after: npt.NDArray[np.int64],
    groups: Sequence[str],
    *,
    seed: int,
) -> PairedDifference:
    """Difference of accuracy of classes `after` to classes `before` [clips]; its lower bound is one-sided 95 %."""
    return paired_difference(labels, before, after, groups, resamples=_RESAMPLES, seed=seed, confidence=_ONE_SIDED)
