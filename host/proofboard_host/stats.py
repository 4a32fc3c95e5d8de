"""The statistics of a classifier that is judged on recordings: intervals, paired tests, confusion, calibration.

Recordings of one group (speaker, source recording, near-duplicates) are not independent, so differences get their
interval from a bootstrap over whole groups, not over clips. Levels are 95 % unless told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from .errors import DataFault

IntArray = npt.NDArray[np.integer]
FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Estimate:
    """A value in its interval: `lower` ≤ `value` ≤ `upper`."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class PairedDifference:
    """Compressed against baseline on the same clips.

    Attributes:
        difference: accuracy(compressed) − accuracy(baseline), −1..1, with its group bootstrap interval.
        lost: clips that only the baseline gets right.
        gained: clips that only the compressed network gets right.
        mcnemar_p: exact two-sided McNemar p value: how surprising `lost` against `gained` is if both are equally good.
    """

    difference: Estimate
    lost: int
    gained: int
    mcnemar_p: float

    def not_worse(self, margin: float) -> bool:
        """Non-inferiority: the interval of the difference lies above −`margin` (`margin` > 0, as a fraction)."""
        return self.difference.lower > -margin


def wilson(successes: int, trials: int, *, confidence: float = 0.95) -> Estimate:
    """A proportion with the Wilson score interval, the one that stays honest near 0 and 1.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    Raises `DataFault` where there is nothing to count.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise DataFault(f"{successes} of {trials} is no proportion", hint="the set that is judged must not be empty")
    interval = stats.binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return Estimate(successes / trials, float(interval.low), float(interval.high))


def accuracy(labels: IntArray, predicted: IntArray) -> Estimate:
    """Share of clips put right, with its Wilson interval. Both arrays are class indices of shape [n]."""
    _check_paired(labels, predicted)
    return wilson(int(np.count_nonzero(labels == predicted)), len(labels))


def confusion_matrix(labels: IntArray, predicted: IntArray, classes: int) -> npt.NDArray[np.int64]:
    """Counts of shape [classes, classes]: row is the true class, column the predicted one."""
    _check_paired(labels, predicted)
    flat = np.asarray(labels, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(flat, minlength=classes * classes).reshape(classes, classes)


def recalls(labels: IntArray, predicted: IntArray, classes: Sequence[str]) -> dict[str, Estimate]:
    """Recall of each class that has a clip, with its Wilson interval."""
    matrix = confusion_matrix(labels, predicted, len(classes))
    totals = matrix.sum(axis=1)
    return {
        name: wilson(int(matrix[index, index]), int(totals[index]))
        for index, name in enumerate(classes)
        if totals[index]
    }


def mcnemar_p(lost: int, gained: int) -> float:
    """Exact McNemar: under equal quality a discordant clip falls to either side with probability ½.

    Source: Q. McNemar, Psychometrika 12 (1947); the exact form is the two-sided binomial test.
    """
    discordant = lost + gained
    return 1.0 if discordant == 0 else float(stats.binomtest(lost, discordant, 0.5).pvalue)


def paired_difference(
    labels: IntArray,
    baseline: IntArray,
    compressed: IntArray,
    groups: Sequence[str],
    *,
    resamples: int = 2000,
    seed: int = 1,
    confidence: float = 0.95,
) -> PairedDifference:
    """Difference of accuracy on the same clips, with a percentile bootstrap interval over groups.

    Args:
        labels, baseline, compressed: class indices [n].
        groups: for each clip the group that it belongs to; a resample draws whole groups with replacement.

    Source: C. A. Field and A. H. Welsh, "Bootstrapping clustered data", J. R. Stat. Soc. B 69 (2007).
    """
    _check_paired(labels, baseline)
    _check_paired(labels, compressed)
    if len(groups) != len(labels):
        raise DataFault(f"{len(groups)} groups for {len(labels)} clips")
    right_before, right_after = labels == baseline, labels == compressed
    change = right_after.astype(np.int64) - right_before.astype(np.int64)
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    change_of_group = np.bincount(member, weights=change, minlength=len(names))
    clips_of_group = np.bincount(member, minlength=len(names))
    rng = np.random.default_rng(seed)
    # How often each group is drawn is multinomial: one matrix product instead of a loop over resamples.
    draws = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=resamples)
    differences = (draws @ change_of_group) / (draws @ clips_of_group)
    tail = (1 - confidence) / 2
    low, high = np.quantile(differences, [tail, 1 - tail])
    value = float(change.mean())
    lost = int(np.count_nonzero(right_before & ~right_after))
    gained = int(np.count_nonzero(~right_before & right_after))
    estimate = Estimate(value, min(float(low), value), max(float(high), value))
    return PairedDifference(estimate, lost, gained, mcnemar_p(lost, gained))


def softmax(logits: FloatArray) -> npt.NDArray[np.float64]:
    """Probabilities [n, classes] of real-valued logits [n, classes]."""
    shifted = np.asarray(logits, np.float64)
    exponentials = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))


def calibration_error(labels: IntArray, probabilities: FloatArray, *, bins: int = 15) -> float:
    """Expected calibration error, 0..1: mean gap of confidence and accuracy over `bins` equal bins of confidence.

    Args:
        labels: class indices [n].
        probabilities: [n, classes], rows summing to one.

    Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    _check_paired(labels, confidence)
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gap = np.bincount(which, weights=confidence - correct, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))


def _check_paired(left: npt.NDArray[np.generic], right: npt.NDArray[np.generic]) -> None:
    if left.ndim != 1 or left.shape != right.shape or len(left) == 0:
        raise DataFault(f"can't pair arrays of shape {left.shape} and {right.shape}", hint="both must be [n], n ≥ 1")
