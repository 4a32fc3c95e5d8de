"""What every simulator is to the harness: a process with a debug stub and serial lanes, which ends with its parent."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Protocol

from .cycle_tree import CallTree

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Endpoints:
    """`gdb`: host and port of the debug stub. `serial_urls`: one pySerial URL for each lane, in order."""

    gdb: tuple[str, int]
    serial_urls: tuple[str, ...]


class Simulator(Protocol):
    """A running simulator."""

    endpoints: Endpoints

    @property
    def pid(self) -> int:
        """Process id."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""

    def wait(self) -> None:
        """Block until the process ends: for a simulator in the foreground."""

    def profile(self) -> CallTree:
        """End the simulator and return what was counted since its start. BenchFault if nothing was."""

    def check_alive(self) -> None:
        """Raises BenchFault or TargetFault with the cause if the process has ended, or is about to."""


class ChildSimulator:
    """What the simulators that are processes have in common; who starts one also ends it.

    Args:
        process: the child.
        output: the file that takes its last words.
        endpoints: where it listens.
    """

    def __init__(self, process: subprocess.Popen[bytes], output: IO[bytes], endpoints: Endpoints) -> None:
        self._process = process
        self._output = output
        self.endpoints = endpoints

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def wait(self) -> None:
        """Block until the process ends: for a simulator in the foreground."""
        self._process.wait()


def die_with_parent() -> Callable[[], None] | None:
    """What the child does before it becomes the simulator: ask Linux for a SIGKILL when its parent dies (prctl(2))."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def in_child() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we could ask
            os.kill(os.getpid(), signal.SIGKILL)

    return in_child


def end_process(process: subprocess.Popen[bytes], patience: float) -> None:
    """End a child that may have ended: by SIGTERM, after `patience` seconds by SIGKILL."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
