"""The operating point: how readily a network calls a clip positive.

Two networks are comparable only where they call as many clips positive; a constant on one logit sets that. How many is
taken from the baseline's answers, not from labels, so it gives nothing away of the clips it is set on.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from ..graph.checks import ACCUMULATOR_LIMIT, INT8_LIMIT
from ..graph.graph import Graph
from ..graph.operators import Dense
from ..graph.rounding import FACTOR_BITS


def matching_shift(logits: npt.NDArray[np.floating], positive: int, positives: int) -> float:
    """What to add to the positive logit, in real values, so that `positives` clips are called positive.

    Args:
        logits: real values [clips, classes].
        positive: index of the class.
    """
    lead = logits[:, positive] - np.delete(logits, positive, axis=1).max(axis=1)
    ordered = np.sort(lead)[::-1]
    count = min(max(positives, 1), len(ordered) - 1)
    return -float(ordered[count - 1] + ordered[count]) / 2


def shift_logit(graph: Graph, positive: int, shift: float) -> Graph:
    """The graph with `shift` (a real value) added to one logit, by its bias as far as the accumulator allows."""
    last = graph.operators[-1]
    assert isinstance(last, Dense)
    step = last.output.scale * int(last.multiplier[positive]) * 2.0**-FACTOR_BITS  # of the accumulator
    reach = int(np.abs(last.weights[positive].astype(np.int64)).sum()) * INT8_LIMIT
    room = ACCUMULATOR_LIMIT - 1 - reach
    bias = last.bias.copy()
    bias[positive] = np.clip(int(bias[positive]) + round(shift / step), -room, room)
    return dataclasses.replace(graph, operators=(*graph.operators[:-1], dataclasses.replace(last, bias=bias)))
