"""How long to wait for a target, and when to ask it again."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from .errors import TargetFault


@dataclass(frozen=True)
class Patience:
    """How long to wait, in seconds.

    After `first_seconds` of silence the target is asked; each further silence is twice as long, up to
    `answer_seconds`; after `repetitions` such long ones it counts as dead. `poll_seconds` is how long one read may
    block. A link that broke is opened anew for `reconnect_seconds`. `attempts`: resets and broken links in a row,
    with no result in between, until that is an error. `fruitless_seconds`: a target may answer, and yet get no
    further, until that is an error.
    """

    first_seconds: float = 0.1
    answer_seconds: float = 1.0
    repetitions: int = 10
    poll_seconds: float = 0.05
    reconnect_seconds: float = 20.0
    attempts: int = 8
    fruitless_seconds: float = 100.0


def patience_for(seconds: float) -> Patience:
    """For a board that may take so long for an answer: no silence shorter than that counts as its end."""
    usual = Patience()
    repetitions = math.ceil(seconds / usual.answer_seconds)
    return replace(usual, repetitions=repetitions, fruitless_seconds=max(usual.fruitless_seconds, seconds))


class Silence:
    """When to ask again, and when to give up.

    Args:
        patience: how long to wait.
        what: is waited for, for the error's text.
        at_least: seconds that an answer may take, as what is under way to the target takes that long.
    """

    def __init__(self, patience: Patience, what: str, at_least: float = 0.0) -> None:
        self._patience = patience
        self._what = what
        self._first = max(patience.first_seconds, at_least)
        self.heard()
        self.moved_on()

    def heard(self) -> None:
        """Something came."""
        self._since = time.monotonic()
        self._wait = self._first
        self._long = 0
        self.asked = 0

    def begin_wait(self) -> None:
        """The question goes now, later than when it was due."""
        self._since = time.monotonic()

    def moved_on(self) -> None:
        """What is waited for has come nearer."""
        self._moved = time.monotonic()

    @property
    def is_hopeless(self) -> bool:
        """Whether the question that is due is the last one."""
        return self._long >= self._patience.repetitions

    def is_over(self) -> bool:
        """Whether it is time to ask. Raises TargetFault when it was asked, or listened to, for long enough."""
        patience = self._patience
        if time.monotonic() - self._moved > patience.fruitless_seconds:
            raise TargetFault(
                f"answers, but gets no further ({self._what}) for {patience.fruitless_seconds:g} s",
                hint="a firmware bug, or another program that talks to the same target",
            )
        if time.monotonic() - self._since <= self._wait:
            return False
        self._long += self._wait >= patience.answer_seconds
        if self._long > patience.repetitions:
            raise TargetFault(
                f"no answer ({self._what}), asked {self._long} times, {patience.answer_seconds:g} s each",
                hint="wrong port or baud, no firmware, or the target hangs: see `proofboard doctor`",
            )
        self._since = time.monotonic()
        self._wait = min(2 * self._wait, max(patience.answer_seconds, self._first))
        self.asked += 1
        return True
