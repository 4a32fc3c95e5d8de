"""How fast something goes just now, from reports that come at any distance."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

RATE_WINDOW = 20.0
"""Seconds that a rate looks back: long enough to be calm, short enough to follow a change."""

SAMPLE_SECONDS = 0.1
"""Reports closer than this count as one: who reports often must not fill the memory."""


@dataclass
class RateMeter:
    """A count that grows, and the seconds at which it was reported."""

    samples: deque[tuple[float, float]] = field(default_factory=deque)

    def report(self, now: float, count: float) -> None:
        """`count` in all at `now`; one that is less than the last begins anew."""
        if self.samples and count < self.samples[-1][1]:
            self.samples.clear()
        if len(self.samples) > 1 and now - self.samples[-2][0] < SAMPLE_SECONDS:
            self.samples.pop()
        self.samples.append((now, count))
        while len(self.samples) > 2 and now - self.samples[0][0] > RATE_WINDOW:
            self.samples.popleft()

    @property
    def rate(self) -> float | None:
        """Counts a second over the last `RATE_WINDOW` seconds; None before two reports.

        What the first report tells was there before, so it makes no rate.
        """
        if len(self.samples) < 2:
            return None
        (first, before), (last, after) = self.samples[0], self.samples[-1]
        return (after - before) / (last - first) if last > first else None
