"""Starts the virtual RA6E1 as a child process, and says why it ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO

from ...errors import BenchFault, TargetFault
from ...spec import BoardSpec, VirtualSpec, VirtualSpeed
from ..child import ChildSimulator, Endpoints, die_with_parent, end_process
from ..cycle_tree import CallTree
from .faults import STOPPED_LINE

_HOST = "127.0.0.1"
_START_SECONDS = 60.0  # the native half may have to be compiled
_STOP_SECONDS = 2.0
_DYING_SECONDS = 0.5
_STOPPED_SECONDS = 10.0  # from the last words to the end, on a machine that is busy
_STDERR_BYTES = 65536
_STOPPED = 3
_BURST = 128  # bytes: 1.3 ms at 1 Mbit/s, a small part of any ring
_WORDS = 3  # lines of the process's last words: what, where, and what to do


class VirtualBoard(ChildSimulator):
    """A running virtual RA6E1. Made by `run_virtual`, which also ends it."""

    def profile(self) -> CallTree:
        """Raises BenchFault: this board counts cycles by its own counter, not by function."""
        raise BenchFault(
            "the virtual RA6E1 was not asked to count by function", hint="profile the network on qemu-mps2-an505"
        )

    def check_alive(self) -> None:
        """Raises TargetFault with what stopped the machine, or BenchFault if the process itself has failed."""
        stopped = f"{STOPPED_LINE}\n" in _read(self._output)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOPPED_SECONDS if stopped else _DYING_SECONDS)
            raise _died(self._process, self._output)


@contextlib.contextmanager
def run_virtual(spec: BoardSpec, arguments: Sequence[str] = ()) -> Iterator[VirtualBoard]:
    """Start the virtual board of `spec`, standing, with empty flash; it is ended with the context, and with its parent.

    Args:
        spec: a board whose simulator is the virtual RA6E1.
        arguments: further options of the process, such as `--power-cut`.

    Raises:
        BenchFault: it could not be started.
    """
    if not isinstance(spec.simulator, VirtualSpec):
        raise BenchFault(f"board {spec.name!r} is not a virtual RA6E1")
    command = [sys.executable, "-m", __package__, "--baud", str(spec.link.baud), "--burst", str(_BURST), *arguments]
    cache = spec.cache
    if spec.simulator.speed is not VirtualSpeed.FAST and cache is not None:
        command += ["--cycles", f"{cache.lines},{cache.line_bytes},{cache.fill_cycles}"]
    if spec.simulator.speed is VirtualSpeed.UNWAITED:
        command += ["--no-waits"]
    with tempfile.TemporaryFile() as stderr:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        try:
            yield VirtualBoard(process, stderr, _read_endpoints(process, stderr))
        finally:
            end_process(process, _STOP_SECONDS)


def _read_endpoints(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> Endpoints:
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], _START_SECONDS)[0]:
        raise BenchFault(f"the virtual board did not start within {_START_SECONDS:.0f} s")
    line = process.stdout.readline()
    if not line:
        process.wait()
        raise _died(process, stderr)
    ports = json.loads(line)
    return Endpoints((_HOST, ports["gdb"]), tuple(f"socket://{_HOST}:{port}" for port in ports["serial"]))


def _read(stderr: IO[bytes]) -> str:
    """Without moving the place where the process writes, which is shared with it."""
    return os.pread(stderr.fileno(), _STDERR_BYTES, 0).decode("utf-8", errors="replace")


def _died(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> BenchFault | TargetFault:
    lines = _read(stderr).splitlines()
    if process.returncode == _STOPPED:
        seen, where, hint = (lines[-_WORDS:] + [""] * _WORDS)[:_WORDS]
        return TargetFault(f"the virtual board stopped: {seen}", where=where, hint=hint)
    return BenchFault(
        f"the virtual board ended with {process.returncode}: {' '.join(lines[-1:])}", where=__package__ or ""
    )
