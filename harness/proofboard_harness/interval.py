"""The Wilson score interval, for the running accuracy that is shown while clips come in."""

from __future__ import annotations

from math import sqrt

Z_95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution: two-sided 95 %."""


def wilson(correct: int, total: int) -> tuple[float, float]:
    """Lower and upper end of the 95 % score interval of a proportion, each in 0..1.

    Unlike the textbook ±1.96·SE it stays inside 0..1 and has a width at 0 % and 100 %, where a running accuracy
    begins. Nothing counted yet gives (0, 1): anything is possible.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22 (1927), 209–212.

    Raises:
        ValueError: `correct` is not in 0..`total`.
    """
    if not 0 <= correct <= total:
        raise ValueError(f"{correct} of {total} is no proportion")
    if total == 0:
        return 0.0, 1.0
    share = correct / total
    z2 = Z_95 * Z_95
    scale = 1.0 + z2 / total
    centre = (share + z2 / (2 * total)) / scale
    half = Z_95 / scale * sqrt(share * (1.0 - share) / total + z2 / (4 * total * total))
    # Both ends are exact in theory at 0 and at all correct; rounding may put them a hair off.
    lower = 0.0 if correct == 0 else max(0.0, centre - half)
    upper = 1.0 if correct == total else min(1.0, centre + half)
    return lower, upper
