"""The smallest network of a kind that keeps accuracy, by bisection of a ladder of sizes."""

from __future__ import annotations

from collections.abc import Callable


def smallest_kept(rungs: int, kept: Callable[[int], bool]) -> int | None:
    """Number of the last rung that keeps accuracy; None where not even the first does.

    Rungs become smaller from 0 on. Bisection takes it that none keeps accuracy behind one that does not: chance in
    training can make that untrue, and then a rung near the border is given.

    Args:
        rungs: how many there are, ≥ 1.
        kept: of a rung; asked about ⌈log2(rungs)⌉ + 1 times.
    """
    if not kept(0):
        return None
    good, bad = 0, rungs
    while bad - good > 1:
        middle = (good + bad) // 2
        if kept(middle):
            good = middle
        else:
            bad = middle
    return good
