"""Virtual time in picoseconds, made from the cycles of the core, and what is to happen at which time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from .native import NativeCore

PICOSECONDS = 10**12


class Event:
    """Something that is to happen; `cancel` makes it not happen."""

    def __init__(self, action: Callable[[], None]) -> None:
        self.action = action
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class VirtualTime:
    """The clock of the machine. A change of ICLK changes how much time a cycle takes from then on."""

    def __init__(self, core: NativeCore, iclk_hz: int) -> None:
        self._core = core
        self._base_cycles = core.cycles
        self._base_time = 0
        self.iclk_hz = iclk_hz
        self._queue: list[tuple[int, int, Event]] = []
        self._order = itertools.count()

    @property
    def now(self) -> int:
        """Picoseconds since power-on."""
        return self._base_time + (self._core.cycles - self._base_cycles) * PICOSECONDS // self.iclk_hz

    @property
    def next_event(self) -> int | None:
        """When the next event is due."""
        while self._queue and self._queue[0][2].cancelled:
            heapq.heappop(self._queue)
        return self._queue[0][0] if self._queue else None

    def set_iclk(self, hertz: int) -> None:
        """The frequency of the core from now on."""
        self._base_time, self._base_cycles = self.now, self._core.cycles
        self.iclk_hz = hertz

    def cycles_at(self, time: int) -> int:
        """The first value of the core's cycles at which `time` has come."""
        return self._base_cycles + -(-(time - self._base_time) * self.iclk_hz // PICOSECONDS)

    def after(self, picoseconds: int, action: Callable[[], None]) -> Event:
        """Have something done so much later."""
        return self.at(self.now + picoseconds, action)

    def at(self, time: int, action: Callable[[], None]) -> Event:
        """Have something done at a time."""
        event = Event(action)
        heapq.heappush(self._queue, (time, next(self._order), event))
        return event

    def run_due(self) -> None:
        """Do what is due, in order of time."""
        while (due := self.next_event) is not None and due <= self.now:
            heapq.heappop(self._queue)[2].action()

    def skip_to(self, time: int) -> None:
        """Let time pass without instructions."""
        self._core.skip_to(max(self._core.cycles, self.cycles_at(time)))
