"""Where a run stands: the events so far, folded into one state per station. Live dashboard and plain log read it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .events import ClipDone, Event, JournalHeld, LinkMoved, StationAdvanced, StationFinished, StationStarted, StopAsked
from .interval import wilson
from .link_progress import LinkProgress
from .rate_meter import RateMeter


class StationState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CACHED = "cached"
    FAILED = "failed"


@dataclass
class ClipTally:
    """Clips of one image that came back so far."""

    clips: int = 0
    correct: int = 0
    bit_exact: int = 0

    def describe(self) -> str:
        """Running accuracy with its 95 % Wilson interval, the bit-exact count, and mismatches if there are any."""
        lower, upper = wilson(self.correct, self.clips)
        share = 100 * self.correct / self.clips if self.clips else 0.0
        exact = f"{self.bit_exact:,}/{self.clips:,} bit-exact"
        if different := self.clips - self.bit_exact:
            exact += f", {different:,} mismatch" + ("es" if different > 1 else "")
        return f"{share:.1f} % right ({100 * lower:.1f}-{100 * upper:.1f}), {exact}"


@dataclass
class StationProgress:
    """One station of the path; times are in seconds of the monotonic clock."""

    title: str
    unit: str = ""
    state: StationState = StationState.WAITING
    done: int = 0
    total: int = 0
    detail: str = ""
    summary: str = ""
    started: float = 0.0
    seconds: float = 0.0
    tallies: dict[str, ClipTally] = field(default_factory=dict)
    links: dict[tuple[str, str], LinkProgress] = field(default_factory=dict)
    meter: RateMeter = field(default_factory=RateMeter)

    def advance(self, now: float, done: int, total: int, detail: str) -> None:
        self.done, self.total, self.detail = done, total, detail
        self.meter.report(now, done)

    @property
    def rate(self) -> float | None:
        """Units a second just now; work that a resumed run found done makes no rate."""
        return self.meter.rate

    @property
    def to_go(self) -> float | None:
        """Seconds until `total` at this rate; None while there is no telling."""
        rate = self.rate
        return (self.total - self.done) / rate if rate else None

    def count(self) -> str:
        """`120/200 clips`."""
        return f"{self.done:,}/{self.total:,} {self.unit}".rstrip()

    def progress(self) -> str:
        """`120/200 clips, 12.3/s, 0:07 to go`; what is slower than one in two seconds is told by the minute."""
        parts = [self.count()]
        if (rate := self.rate) is not None:
            slow = f"{60 * rate:.1f}/min" if rate < 0.5 else f"{rate:.1f}/s"
            parts.append(f"{rate:,.0f}/s" if rate >= 100 else slow)
        if (to_go := self.to_go) is not None:
            parts.append(f"{clock_text(to_go)} to go")
        return ", ".join(parts)


class RunState:
    """Folds events, which may come from several threads, into stations in the order of the path.

    Args:
        stations: (station, title) of each station known ahead; one that is not on the list is added when it starts.
        clock: monotonic seconds.
    """

    def __init__(self, stations: Sequence[tuple[str, str]], clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.stations = {name: StationProgress(title) for name, title in stations}
        self.stopping = False
        self._current = ""

    def apply(self, event: Event) -> None:
        """Take one event in."""
        with self.lock:
            now = self.clock()
            match event:
                case StationStarted():
                    self._current = event.station
                    running = StationProgress(event.title, event.unit, StationState.RUNNING, started=now)
                    self.stations[event.station] = running
                case StationAdvanced():
                    self._station(event.station).advance(now, event.done, event.total, event.detail)
                case StationFinished():
                    station = self._station(event.station)
                    station.state = StationState.CACHED if event.cached else StationState.DONE
                    station.summary, station.seconds = event.summary, event.seconds
                case JournalHeld():
                    tally = ClipTally(event.clips, event.correct, event.bit_exact)
                    self._station(self._current).tallies[event.image] = tally
                case LinkMoved():
                    links = self._station(self._current).links
                    links.setdefault((event.image, event.board), LinkProgress(event)).move(now, event)
                case StopAsked():
                    self.stopping = True
                case ClipDone():
                    tally = self._station(self._current).tallies.setdefault(event.image, ClipTally())
                    tally.clips += 1
                    tally.correct += event.correct
                    tally.bit_exact += event.bit_exact

    def fail_running(self) -> None:
        """The run ended early: what was running did not come to its end."""
        with self.lock:
            for station in self.stations.values():
                if station.state is StationState.RUNNING:
                    station.state = StationState.FAILED
                    station.seconds = self.clock() - station.started

    def _station(self, name: str) -> StationProgress:
        return self.stations.setdefault(name, StationProgress(name, state=StationState.RUNNING, started=self.clock()))


def clock_text(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = max(0, round(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def seconds_text(seconds: float) -> str:
    """`0.4 s`, `12.3 s`, `2:05`."""
    return f"{seconds:.1f} s" if seconds < 99.95 else clock_text(seconds)
