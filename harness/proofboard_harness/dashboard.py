"""The run as it goes: rows that live in a terminal, plain lines everywhere else. Both only listen to the event bus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .events import Event, EventBus, Retried, StationAdvanced, StationFinished, StationStarted, StopAsked
from .run_state import RunState, StationProgress, StationState, clock_text, seconds_text

PLAIN_SECONDS = 5.0
"""A station that works on says so at most this often in the plain log."""

STOPPING = "stopping behind this clip; Ctrl-C again stops at once"

_WIDE = 100  # columns
_ECHO = 2
"""Columns left free at the right: a terminal echoes Ctrl-C as ^C, and from the last column on that would begin a line
that the next picture knows nothing of."""

_STYLES = {
    StationState.WAITING: "dim",
    StationState.RUNNING: "bold cyan",
    StationState.DONE: "green",
    StationState.CACHED: "green",
    StationState.FAILED: "bold red",
}
_SIGNS = {
    StationState.WAITING: "·",
    StationState.RUNNING: "▸",
    StationState.DONE: "✓",
    StationState.CACHED: "✓",
    StationState.FAILED: "✗",
}
_ASCII_SIGNS = {
    StationState.WAITING: ".",
    StationState.RUNNING: ">",
    StationState.DONE: "+",
    StationState.CACHED: "+",
    StationState.FAILED: "x",
}


@contextmanager
def open_dashboard(bus: EventBus, stations: Sequence[tuple[str, str]], console: Console) -> Iterator[None]:
    """Show what `bus` reports while the with-block runs: live in a terminal, else as plain lines.

    Whatever the block raises goes on its way, and finds the terminal as it was, with the broken station marked.

    Args:
        stations: (station, title) in the order of the path, so that the waiting ones are seen too.
    """
    state = RunState(stations)
    if not console.is_terminal or console.is_dumb_terminal:
        log = PlainLog(state, console)
        bus.subscribe(log)
        try:
            yield
        except BaseException:
            log.fail()
            raise
        return
    dashboard = LiveDashboard(state)
    bus.subscribe(state.apply)
    with Live(dashboard, console=console, refresh_per_second=8, vertical_overflow="crop"):
        try:
            yield
        except BaseException:
            state.fail_running()
            raise
        finally:
            dashboard.unfold()


@dataclass(frozen=True)
class _Block:
    """The lines of one station."""

    lines: list[RenderableType]
    finished: bool


class LiveDashboard:
    """A rich renderable that draws the state as it is when asked: one row a station, more under the running one.

    In a terminal with fewer lines than rows the oldest finished stations fold into one line.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._folding = True

    def unfold(self) -> None:
        """From now on show every row: the last picture stays in the scroll-back."""
        self._folding = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        options = options.update_width(options.max_width - _ECHO)
        with self._state.lock:
            width = max((len(station.title) for station in self._state.stations.values()), default=0)
            blocks = [self._block(station, min(width, 28), options) for station in self._state.stations.values()]
        # One line is left for the cursor.
        room = console.size.height - 1 if self._folding else sum(len(block.lines) for block in blocks)
        yield from (Constrain(line, options.max_width) for line in _fold(blocks, room))

    def _block(self, station: StationProgress, title_width: int, options: ConsoleOptions) -> _Block:
        signs = _ASCII_SIGNS if options.ascii_only else _SIGNS
        indent = title_width + 3
        lines: list[RenderableType] = []
        row = Table.grid(padding=(0, 1, 0, 0), expand=True)
        row.add_column(width=1)
        row.add_column(width=title_width, no_wrap=True, overflow="ellipsis")
        # In motion a row is one line; the last picture may wrap, so that no summary is cut.
        row.add_column(ratio=1, no_wrap=self._folding, overflow="ellipsis" if self._folding else "fold")
        row.add_column(width=7, justify="right", no_wrap=True)
        style = _STYLES[station.state]
        row.add_row(
            Text(signs[station.state], style=style),
            Text(station.title, style="dim" if station.state is StationState.WAITING else "bold"),
            self._middle(station, options),
            Text(self._time(station), style="dim"),
        )
        lines.append(row)
        # A narrow terminal has no room to spare before the figures.
        indent = indent if options.max_width >= _WIDE - _ECHO else 2
        for image, tally in station.tallies.items():
            style = "bold red" if tally.bit_exact < tally.clips else ""
            lines.append(_indented(f"{image}: {tally.describe()}", indent, style))
        if station.state is StationState.RUNNING:
            for (_, board), link in station.links.items():
                lines.append(_indented(f"{board}: {link.describe()}", indent, "yellow" if link.is_troubled else ""))
            if self._state.stopping:
                lines.append(_indented(STOPPING, indent, "bold yellow"))
            elif station.detail:
                lines.append(_indented(station.detail, indent, "dim"))
        return _Block(lines, station.state in (StationState.DONE, StationState.CACHED))

    def _middle(self, station: StationProgress, options: ConsoleOptions) -> RenderableType:
        match station.state:
            case StationState.WAITING:
                return Text("waiting", style="dim")
            case StationState.CACHED:
                return Text(station.summary, style="dim")
            case StationState.DONE:
                return Text(station.summary)
            case StationState.FAILED:
                return Text(f"stopped at {station.count()}" if station.total else "stopped", style="red")
            case StationState.RUNNING:
                return _running(station, options)

    def _time(self, station: StationProgress) -> str:
        match station.state:
            case StationState.WAITING:
                return ""
            case StationState.CACHED:
                return "cached"
            case StationState.RUNNING:
                return clock_text(self._state.clock() - station.started)
            case StationState.DONE | StationState.FAILED:
                return seconds_text(station.seconds)


class PlainLog:
    """One line when a station starts and when it ends, and at most one every `PLAIN_SECONDS` in between."""

    def __init__(self, state: RunState, console: Console) -> None:
        self._state = state
        self._console = console
        self._spoken = 0.0

    def __call__(self, event: Event) -> None:
        self._state.apply(event)
        match event:
            case StationStarted():
                self._say(event.station, "started")
            case StationFinished():
                station = self._state.stations[event.station]
                self._tell_tallies(event.station, station)
                how = "cached" if event.cached else f"done in {seconds_text(event.seconds)}"
                self._say(event.station, f"{how}: {event.summary}")
            case StationAdvanced() if self._state.clock() - self._spoken >= PLAIN_SECONDS:
                station = self._state.stations[event.station]
                detail = f" ({event.detail})" if event.detail else ""
                self._say(event.station, station.progress() + detail)
                self._tell_tallies(event.station, station)
            case StopAsked():
                self._console.print(STOPPING, markup=False, highlight=False, soft_wrap=True)
            case Retried():
                self._say(event.image, f"once more after: {event.seen}")

    def fail(self) -> None:
        """Say which station the run stopped in."""
        self._state.fail_running()
        for name, station in self._state.stations.items():
            if station.state is StationState.FAILED:
                self._tell_tallies(name, station)
                self._say(name, f"stopped after {seconds_text(station.seconds)}")

    def _tell_tallies(self, name: str, station: StationProgress) -> None:
        for image, tally in station.tallies.items():
            self._say(name, f"{image}: {tally.describe()}")
        for (_, board), link in station.links.items():
            self._say(name, f"{board}: {link.describe()}")

    def _say(self, name: str, what: str) -> None:
        self._spoken = self._state.clock()
        names = list(self._state.stations)
        line = f"[{names.index(name) + 1}/{len(names)}] {self._state.stations[name].title}: {what}"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _running(station: StationProgress, options: ConsoleOptions) -> RenderableType:
    if not station.total:
        return Text("running", style="cyan")
    bar_width = 20 if options.max_width >= _WIDE - _ECHO else 10
    line = Table.grid(padding=(0, 1, 0, 0))
    line.add_column(width=bar_width)
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_row(
        ProgressBar(total=station.total, completed=station.done, width=bar_width, finished_style="cyan"),
        Text(station.progress()),
    )
    return line


def _indented(text: str, indent: int, style: str) -> Text:
    return Text(" " * indent + text, style=style, no_wrap=True, overflow="ellipsis")


def _fold(blocks: list[_Block], room: int) -> Iterator[RenderableType]:
    """All lines that fit into `room`; the oldest finished stations go first, counted in one line."""
    folded = 0
    shown = list(blocks)
    while sum(len(block.lines) for block in shown) + (folded > 0) > room:
        oldest = next((block for block in shown if block.finished), None)
        if oldest is None:
            break
        shown.remove(oldest)
        folded += 1
    if folded:
        yield Text(f"  {folded} station{'' if folded == 1 else 's'} done", style="dim green")
    for block in shown:
        yield from block.lines
