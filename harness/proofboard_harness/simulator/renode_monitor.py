"""Renode's monitor over TCP: a command, and what it prints until the next prompt.

The monitor speaks telnet and colours its text: both are taken out. It has no other sign of failure than what it prints;
the beginnings of such lines are those of Renode's Monitor.cs ("No such command or device", "There was an error", …).
"""

from __future__ import annotations

import re
import socket
import time
from typing import Protocol

from ..errors import BenchFault

_PROMPT = re.compile(r"(?:^|\n)\(([A-Za-z0-9_-]+)\) ?$")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>()][A-Za-z0-9]?")
_TELNET = re.compile(rb"\xff(?:[\xfb-\xfe].|\xfa.*?\xff\xf0|[^\xfa-\xfe])", re.DOTALL)
_FAILURES = ("No such command or device", "There was an error", "Error ", "Could not", "Parameters did not match")


class Stream(Protocol):
    """What the monitor needs of a connection."""

    def send(self, data: bytes) -> None: ...

    def receive(self, timeout: float) -> bytes:
        """What has come, after at most `timeout` seconds; empty when nothing did or the other side has closed."""


class SocketStream:
    """A TCP connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def receive(self, timeout: float) -> bytes:
        self._connection.settimeout(timeout)
        try:
            return self._connection.recv(65536)
        except TimeoutError:
            return b""

    def close(self) -> None:
        self._connection.close()


class RenodeMonitor:
    """A dialogue with the monitor, which must be at its prompt or about to be.

    Args:
        stream: the connection.
        seconds: how long one command may take.
    """

    def __init__(self, stream: Stream, seconds: float = 30.0) -> None:
        self._stream = stream
        self._seconds = seconds
        self._read_to_prompt("its prompt")

    def execute(self, command: str) -> str:
        """What the command printed, without echo, colours and prompt.

        Raises:
            BenchFault: the monitor refused it, or did not come back to its prompt.
        """
        if "\n" in command or "\r" in command:
            raise BenchFault(f"a command of the monitor is one line: {command!r}")
        self._stream.send(command.encode() + b"\n")
        lines = self._read_to_prompt(command).splitlines()
        if lines and lines[0].strip() == command:
            del lines[0]
        printed = "\n".join(line.rstrip() for line in lines).strip()
        if any(line.startswith(_FAILURES) for line in printed.splitlines()):
            raise BenchFault(f"Renode refuses {command!r}: {printed}", hint="is this Renode 1.16 or later?")
        return printed

    def _read_to_prompt(self, what: str) -> str:
        data = b""
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline:
            data += self._stream.receive(max(0.0, min(1.0, deadline - time.monotonic())))
            text = _ANSI.sub("", _TELNET.sub(b"", data).decode("utf-8", errors="replace")).replace("\r", "")
            prompt = _PROMPT.search(text)
            if prompt is not None:
                return text[: prompt.start()]
        raise BenchFault(f"Renode's monitor did not answer within {self._seconds:g} s: {what}")
