"""Steps of pruning of the application's own network, with rollback."""

from __future__ import annotations

from collections.abc import Callable

from .points import Point
from .pruned import Pruned

_CUT = 0.25  # of the channels, a step
_LEAST = 0.15  # of the channels: below, students of the search are smaller anyway
_MOST_STEPS = 7


def descend(evaluate: Callable[[int, Pruned], Point], kept: Callable[[Point], bool], *, first: int) -> list[Point]:
    """Prune step by step while accuracy is kept.

    A step that loses too much is rolled back: the next goes on from the last good network and takes half as much away;
    when that loses too much as well, it ends.

    Args:
        evaluate: trains and judges the candidate of a number.
        first: number of the first candidate, the network with all its channels.
    """
    points = [evaluate(first, Pruned(()))]
    shares: tuple[float, ...] = ()
    cut = _CUT
    for number in range(first + 1, first + 1 + _MOST_STEPS):
        share = round((shares[-1] if shares else 1.0) * (1 - cut), 4)
        if share < _LEAST:
            break
        point = evaluate(number, Pruned((*shares, share)))
        points.append(point)
        if kept(point):
            shares = (*shares, share)
        elif cut < _CUT:
            break
        else:
            cut /= 2
    return points
