"""Renode's monitor: dialogues written down as it prints them, since Renode itself is seldom installed.

A transcript is a list of pieces. `"< …"` is what the monitor sends, in one packet; `"> …"` is what it must be sent,
without the newline. Bytes are written as Python does: telnet negotiation `\\xff\\xfb\\x01`, colours `\\x1b[33m`.
"""

from __future__ import annotations

import pytest
from proofboard_harness.errors import BenchFault
from proofboard_harness.simulator.renode_monitor import RenodeMonitor

GREETING = (
    "< \xff\xfb\x01\xff\xfb\x03\xff\xfd\x1f\x1b[33;1mRenode, version 1.16.1\x1b[0m\r\n\r\n\x1b[33m(monitor) \x1b[0m"
)


class Transcript:
    """A stream that plays the monitor's side and insists on ours."""

    def __init__(self, *pieces: str) -> None:
        self._pieces = list(pieces)

    def send(self, data: bytes) -> None:
        assert f"> {data.decode().removesuffix(chr(10))}" == self._pieces.pop(0)

    def receive(self, timeout: float) -> bytes:
        if self._pieces and self._pieces[0].startswith("< "):
            return self._pieces.pop(0).removeprefix("< ").encode("latin-1")
        return b""

    @property
    def finished(self) -> bool:
        return not self._pieces


def test_answer_without_echo_colours_and_prompt() -> None:
    transcript = Transcript(
        GREETING,
        '> mach create "board"',
        '< mach create "board"\r\n\x1b[31m(board) \x1b[0m',
        "> cpu PerformanceInMips",
        "< cpu Perform",
        "< anceInMips\r\n0x000000C8\r\n\x1b[31m(bo",
        "< ard) \x1b[0m",
    )
    monitor = RenodeMonitor(transcript)
    assert monitor.execute('mach create "board"') == ""
    assert monitor.execute("cpu PerformanceInMips") == "0x000000C8"
    assert transcript.finished


@pytest.mark.parametrize(
    "complaint",
    [
        "No such command or device: gpu",
        "There was an error executing command 'gpu x'",
        "Could not tokenize here:",
        "Error E02: Could not find suitable constructor",
    ],
)
def test_refusal(complaint: str) -> None:
    transcript = Transcript(GREETING, "> gpu x", f"< gpu x\r\n\x1b[31m{complaint}\x1b[0m\r\n(monitor) ")
    with pytest.raises(BenchFault, match="Renode refuses 'gpu x'"):
        RenodeMonitor(transcript).execute("gpu x")


def test_text_in_brackets_is_no_prompt() -> None:
    transcript = Transcript(GREETING, "> help", "< help\r\nsee (monitor) below\r\n(tip)\r\nmore\r\n(monitor) ")
    assert RenodeMonitor(transcript).execute("help") == "see (monitor) below\n(tip)\nmore"


def test_silence() -> None:
    with pytest.raises(BenchFault, match=r"did not answer within 0\.05 s: start"):
        RenodeMonitor(Transcript(GREETING, "> start", "< start\r\n"), seconds=0.05).execute("start")


def test_two_commands_in_one() -> None:
    with pytest.raises(BenchFault, match="is one line"):
        RenodeMonitor(Transcript(GREETING)).execute("pause\nquit")
