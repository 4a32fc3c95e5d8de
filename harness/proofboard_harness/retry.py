"""A second try: for faults of bench and probe alone, and once at each place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .errors import BenchFault, LastingFault, ProbeFault

T = TypeVar("T")


def retried(
    attempt: Callable[[int], T], place: Callable[[], int], told: Callable[[BenchFault | ProbeFault], None]
) -> T:
    """What `attempt` returns; it is called with 1, and again with the next number after a fault worth that.

    Args:
        place: how far the work has come, asked after a fault. A second fault at the same place is the end.
        told: hears of each fault that is tried again.

    Raises:
        BenchFault, ProbeFault: the second one at a place, or a lasting one. All other faults pass: they would come
            again.
    """
    number, failed_at = 1, None
    while True:
        try:
            return attempt(number)
        except LastingFault:
            raise
        except (BenchFault, ProbeFault) as fault:
            here = place()
            if here == failed_at:
                raise
            failed_at = here
            number += 1
            told(fault)
