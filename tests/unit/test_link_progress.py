"""What the live view says of links, of resumed runs and of Ctrl-C: made-up reports, a made-up clock, real signals."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from proofboard_harness.dashboard import STOPPING, LiveDashboard, PlainLog
from proofboard_harness.events import (
    ClipDone,
    Event,
    JournalHeld,
    LinkMoved,
    StationAdvanced,
    StationStarted,
    StopAsked,
)
from proofboard_harness.interrupt import deferred_interrupt
from proofboard_harness.link_progress import LinkProgress
from proofboard_harness.rate_meter import RateMeter
from proofboard_harness.run_state import RunState, StationProgress
from rich.console import Console

CLIP = 32_000  # bytes
QUIET = LinkMoved("compressed", "board-a", CLIP, 6, 0, 0, 0, 0, "compute")


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def run_events(clock: Clock, *reports: LinkMoved) -> list[Event]:
    """One clip each 0.5 s, with a report of every link behind it."""
    events: list[Event] = [StationStarted("compressed", "Compressed on the target", "clips")]
    for done in range(1, 11):
        events.append(ClipDone("compressed", f"c{done}", correct=done != 3, bit_exact=done != 5))
        events += [replace(report, pcm_bytes=done * CLIP) for report in reports]
        events.append(StationAdvanced("compressed", done, 40, f"c{done}"))
    return events


def shown(state: RunState, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, height=30, force_terminal=True, color_system=None)
    console.print(LiveDashboard(state))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]


def played(clock: Clock, *reports: LinkMoved) -> RunState:
    state = RunState([("compressed", "Compressed on the target")], clock)
    for event in run_events(clock, *reports):
        clock.now += 0.5 if isinstance(event, ClipDone) else 0.0
        state.apply(event)
    return state


def test_each_board_is_a_row_with_its_link(clock: Clock) -> None:
    troubled = replace(QUIET, board="board-b", retransmits=1234, bad_frames=1, resets=2, reconnects=1, limit="link")
    rows = shown(played(clock, QUIET, troubled), 120)
    assert "10/40 clips, 2.0/s, 0:15 to go" in rows[0]
    assert rows[1].strip() == "compressed: 90.0 % right (59.6-98.2), 9/10 bit-exact, 1 mismatch"
    assert rows[2].strip() == "board-a: 64.0 kB/s, compute-bound, window 6, 0 resent, 0 CRC errors"
    assert rows[3].strip() == (
        "board-b: 64.0 kB/s, link-bound, window 6, 1,234 resent, 1 CRC error, 2 resets, 1 reconnect"
    )
    assert rows[4].strip() == "c10"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_link_rows_do_not_break(clock: Clock, width: int) -> None:
    rows = shown(played(clock, QUIET), width)
    assert len(rows) == 4
    assert max(map(len, rows)) <= width


def test_80_columns_show_a_quiet_link_whole(clock: Clock) -> None:
    quiet = replace(QUIET, board="qemu-mps2-an505")
    assert shown(played(clock, quiet), 80)[2].endswith("0 CRC errors")


def test_the_first_report_makes_no_rate() -> None:
    link = LinkProgress(QUIET)
    link.move(1.0, QUIET)
    assert link.describe() == "compute-bound, window 6, 0 resent, 0 CRC errors"
    assert not link.is_troubled


def test_a_resumed_run_counts_what_the_journal_held(clock: Clock) -> None:
    state = RunState([], clock)
    state.apply(StationStarted("compressed", "Compressed on the target", "clips"))
    state.apply(JournalHeld("compressed", 30, 29, 30))
    state.apply(ClipDone("compressed", "c31", correct=True, bit_exact=True))
    state.apply(JournalHeld("compressed", 31, 30, 31))  # a second try tells what is held, not what to add
    assert state.stations["compressed"].tallies["compressed"].describe().endswith("31/31 bit-exact")


def test_stop_is_shown(clock: Clock) -> None:
    state = played(clock, QUIET)
    state.apply(StopAsked())
    assert shown(state, 100)[3].strip() == STOPPING


def test_plain_log_tells_links_and_the_stop(clock: Clock) -> None:
    console = Console(file=io.StringIO(), width=80)
    log = PlainLog(RunState([("compressed", "On the target")], clock), console)
    for event in [*run_events(clock, QUIET), StopAsked()]:
        clock.now += 0.6 if isinstance(event, ClipDone) else 0.0
        log(event)
    log.fail()
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "[1/1] Compressed on the target: started"
    head = "[1/1] Compressed on the target: "
    assert f"{head}board-a: 53.3 kB/s, compute-bound, window 6, 0 resent, 0 CRC errors" in lines
    assert lines[-4] == STOPPING
    assert lines[-3] == f"{head}compressed: 90.0 % right (59.6-98.2), 9/10 bit-exact, 1 mismatch"
    assert lines[-1] == f"{head}stopped after 6.0 s"


def test_rate_looks_back_a_while_and_ignores_what_a_resumed_run_had() -> None:
    station = StationProgress("Stream", "clips")
    station.advance(0.0, 150, 1000, "")
    assert station.rate is None
    for second in range(1, 31):
        station.advance(float(second), 150 + 2 * second, 1000, "")
    assert station.rate == pytest.approx(2.0)
    for second in range(31, 61):
        station.advance(float(second), 210 + 10 * (second - 30), 1000, "")
    assert station.rate == pytest.approx(10.0)
    assert station.to_go == pytest.approx((1000 - 510) / 10)


def test_frequent_reports_do_not_fill_the_memory() -> None:
    meter = RateMeter()
    for index in range(100_000):
        meter.report(index / 1000, index)
    assert len(meter.samples) < 500
    assert meter.rate == pytest.approx(1000, rel=0.02)


@pytest.fixture
def terminal() -> Iterator[None]:
    """SIGINT as at a terminal: a shell starts what runs in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def take_clips(presses: int, clips: list[int], told: list[int]) -> None:
    """Nine clips; Ctrl-C is pressed so many times in the fourth."""
    with deferred_interrupt(lambda: told.append(len(clips))) as interrupt:
        for clip in range(9):
            for _ in range(presses if clip == 3 else 0):
                press_ctrl_c()
            clips.append(clip)
            interrupt.check()


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("presses", "taken"), [(1, [0, 1, 2, 3]), (2, [0, 1, 2])])
def test_the_first_ctrl_c_waits_for_the_clip_in_hand_and_the_second_does_not(presses: int, taken: list[int]) -> None:
    before, told, clips = signal.getsignal(signal.SIGINT), [], []
    with pytest.raises(KeyboardInterrupt):
        take_clips(presses, clips, told)
    assert (clips, told) == (taken, [3])
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_in_the_last_clip_is_not_lost() -> None:
    with pytest.raises(KeyboardInterrupt), deferred_interrupt(lambda: None):
        press_ctrl_c()


def test_a_thread_changes_nothing() -> None:
    """Signals are the main thread's: a stream in another one goes on."""
    seen = []

    def work() -> None:
        with deferred_interrupt(lambda: None) as interrupt:
            seen.append((interrupt.asked, signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
