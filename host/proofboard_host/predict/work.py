"""How much each routine of the firmware has to do: the amounts that its cycles are proportional to.

One amount for each loop of the routine, and one for what stands around its loops. `work_basic.py`, `work_spatial.py`
and `work_frontend.py` count them; `coefficients.py` has what a unit of each costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import singledispatch

from ..graph.operators import Operator


@dataclass(frozen=True)
class Work:
    """What a routine does in one call of an operator, in one inference, or for one clip.

    Attributes:
        routine: a key of a table of coefficients.
        amounts: how often each part of it runs, 0 or more.
    """

    routine: str
    amounts: Mapping[str, int]


@singledispatch
def layer_work(operator: Operator) -> tuple[Work, ...]:
    """What the routines that one operator calls have to do."""
    raise TypeError(f"no cost for {type(operator).__name__}")


def calls_of(works: Iterable[Work]) -> tuple[str, ...]:
    """The routines, each once."""
    return tuple(dict.fromkeys(work.routine for work in works))
