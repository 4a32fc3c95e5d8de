"""What a person sees of a run: rows in a terminal, lines elsewhere, driven by made-up events and a made-up clock."""

from __future__ import annotations

import io

import pytest
from proofboard_harness.dashboard import LiveDashboard, PlainLog, open_dashboard
from proofboard_harness.events import ClipDone, EventBus, StationAdvanced, StationFinished, StationStarted
from proofboard_harness.run_state import RunState, clock_text, seconds_text
from rich.console import Console

STATIONS = [("data", "Recordings"), ("stream", "Stream and compare"), ("report", "Report")]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> RunState:
    return RunState(STATIONS, clock)


def picture(state: RunState, width: int = 100, height: int = 30) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    console.print(LiveDashboard(state))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def stream_half(state: RunState, clock: Clock) -> None:
    state.apply(StationStarted("data", "Recordings", "files"))
    state.apply(StationFinished("data", "2,412 clips", 1.26))
    state.apply(StationStarted("stream", "Stream and compare", "clips"))
    for done in range(1, 101):
        clock.now += 0.1
        state.apply(ClipDone("compressed", f"c{done}", correct=done % 10 != 0, bit_exact=True))
        state.apply(StationAdvanced("stream", done, 200, f"c{done}"))


def test_each_station_is_a_row_in_its_state(state: RunState, clock: Clock) -> None:
    stream_half(state, clock)
    rows = picture(state)
    assert rows[0].split() == ["✓", "Recordings", "2,412", "clips", "1.3", "s"]
    assert rows[1].startswith("▸ Stream and compare ")
    assert "100/200 clips, 10.0/s, 0:10 to go" in rows[1]
    assert rows[1].endswith("0:10")
    assert rows[2].strip() == "compressed: 90.0 % right (82.6-94.5), 100/100 bit-exact"
    assert rows[3].strip() == "c100"
    assert rows[4].split() == ["·", "Report", "waiting"]


def test_cached_and_failed(state: RunState) -> None:
    state.apply(StationStarted("data", "Recordings", "files"))
    state.apply(StationFinished("data", "2,412 clips", 0.0, cached=True))
    state.apply(StationStarted("stream", "Stream and compare", "clips"))
    state.fail_running()
    rows = picture(state)
    assert rows[0].split() == ["✓", "Recordings", "2,412", "clips", "cached"]
    assert rows[1].split() == ["✗", "Stream", "and", "compare", "stopped", "0.0", "s"]


@pytest.mark.parametrize("width", [60, 80, 140])
def test_no_row_breaks(state: RunState, clock: Clock, width: int) -> None:
    stream_half(state, clock)
    state.apply(StationAdvanced("stream", 101, 200, "a long name " * 40))
    rows = picture(state, width)
    assert len(rows) == 5
    assert max(len(row) for row in rows) <= width - len("^C")  # a terminal that echoes it must not begin a line


def test_a_low_terminal_folds_what_is_done(clock: Clock) -> None:
    state = RunState([(str(index), f"Station {index}") for index in range(20)], clock)
    for index in range(15):
        state.apply(StationStarted(str(index), f"Station {index}", ""))
        state.apply(StationFinished(str(index), "well", 1.0))
    rows = picture(state, height=11)
    assert len(rows) == 10
    assert rows[0].strip() == "11 stations done"
    assert rows[-1].split()[:3] == ["·", "Station", "19"]


def test_signs_in_ascii(state: RunState, clock: Clock) -> None:
    stream_half(state, clock)
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=file, width=100, height=30, force_terminal=True, color_system=None)
    console.print(LiveDashboard(state))
    file.flush()
    assert file.buffer.getvalue().startswith(b"+ Recordings")  # type: ignore[attr-defined]


def test_a_station_nobody_announced_is_shown(state: RunState) -> None:
    state.apply(StationStarted("extra", "Extra", ""))
    assert "Extra" in picture(state)[3]


def test_slow_work_is_told_by_the_minute(state: RunState, clock: Clock) -> None:
    state.apply(StationStarted("stream", "Stream and compare", "candidates"))
    for done in range(4):
        state.apply(StationAdvanced("stream", done, 12, "c"))
        clock.now += 20
    assert state.stations["stream"].progress() == "3/12 candidates, 3.0/min, 3:00 to go"


def test_times() -> None:
    assert [clock_text(seconds) for seconds in (0, 7.4, 750, 3723)] == ["0:00", "0:07", "12:30", "1:02:03"]
    assert [seconds_text(seconds) for seconds in (0.04, 12.34, 125)] == ["0.0 s", "12.3 s", "2:05"]


def test_plain_log_speaks_seldom(state: RunState, clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=40)
    log = PlainLog(state, console)
    log(StationStarted("stream", "Stream and compare", "clips"))
    for done in range(1, 121):
        clock.now += 0.1
        log(ClipDone("compressed", f"c{done}", correct=True, bit_exact=done != 7))
        log(StationAdvanced("stream", done, 200, f"[c{done}]"))
    log(StationFinished("stream", "120 clips", 12.0))
    assert console.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "[2/3] Stream and compare: started",
        "[2/3] Stream and compare: 51/200 clips, 10.0/s, 0:15 to go ([c51])",
        "[2/3] Stream and compare: compressed: 100.0 % right (93.0-100.0), 50/51 bit-exact, 1 mismatch",
        "[2/3] Stream and compare: 102/200 clips, 10.0/s, 0:10 to go ([c102])",
        "[2/3] Stream and compare: compressed: 100.0 % right (96.4-100.0), 101/102 bit-exact, 1 mismatch",
        "[2/3] Stream and compare: compressed: 100.0 % right (96.9-100.0), 119/120 bit-exact, 1 mismatch",
        "[2/3] Stream and compare: done in 12.0 s: 120 clips",
    ]


def run_into(console: Console, *, trouble: BaseException | None = None) -> None:
    bus = EventBus()
    with open_dashboard(bus, STATIONS, console):
        bus.publish(StationStarted("data", "Recordings", "files"))
        bus.publish(StationAdvanced("data", 1, 2, "a.ogg"))
        if trouble is not None:
            raise trouble
        bus.publish(StationFinished("data", "2 files", 0.5))


def test_a_pipe_gets_plain_lines() -> None:
    console = Console(file=io.StringIO(), width=80)
    run_into(console)
    assert console.file.getvalue() == (  # type: ignore[attr-defined]
        "[1/3] Recordings: started\n[1/3] Recordings: done in 0.5 s: 2 files\n"
    )


@pytest.mark.parametrize("trouble", [RuntimeError("boom"), KeyboardInterrupt()])
def test_trouble_goes_on_and_leaves_the_terminal_clean(trouble: BaseException) -> None:
    console = Console(file=io.StringIO(), width=80, height=24, force_terminal=True)
    with pytest.raises(type(trouble)):
        run_into(console, trouble=trouble)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # cursor hidden once, shown again
    assert "stopped at 1/2 files" in text
    assert text.rstrip().endswith("\x1b[?25h")


def test_trouble_away_from_a_terminal_names_the_station() -> None:
    console = Console(file=io.StringIO(), width=80)
    with pytest.raises(RuntimeError):
        run_into(console, trouble=RuntimeError("boom"))
    assert "[1/3] Recordings: stopped after 0.0 s" in console.file.getvalue()  # type: ignore[attr-defined]
