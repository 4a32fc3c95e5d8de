"""A board simulated by QEMU: the process, and the ports on which its debug stub and its serial lanes listen.

QEMU is started without an image and standing still: the probe programs it like a board. All ports are chosen by
the operating system (`port=0`) and asked for over QMP, so that no other process can come in between.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import IO, Any

from ..errors import BenchFault, ToolMissing
from ..spec import BoardSpec, QemuSpec
from .child import ChildSimulator, Endpoints, die_with_parent, end_process
from .cycle_counter import CycleCounter, ProfileRequest, counting
from .cycle_tree import CallTree

_PROGRAM = "qemu-system-arm"
_HOST = "127.0.0.1"
_START_SECONDS = 20.0
_STOP_SECONDS = 2.0
_WRITE_SECONDS = 20.0
_DYING_SECONDS = 0.5
_STDERR_BYTES = 65536
_NO_BYTE = 256
_PORT = re.compile(re.escape(_HOST) + r":(\d+)")


class QemuSimulator(ChildSimulator):
    """A running QEMU. Made by `run_qemu`, which also ends it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        stderr: IO[bytes],
        endpoints: Endpoints,
        counter: CycleCounter | None = None,
    ) -> None:
        super().__init__(process, stderr, endpoints)
        self._counter = counter

    def profile(self) -> CallTree:
        """End the simulator and return what was counted since its start.

        Raises:
            BenchFault: it was started without a profile, or died before.
        """
        if self._counter is None:
            raise BenchFault("the simulator was started without a profile")
        end_process(self._process, _WRITE_SECONDS)
        return self._counter.read().tree

    def check_alive(self) -> None:
        """Raises BenchFault, with exit code or signal and QEMU's last words, if the process has ended.

        Meant for after a failed access: a dying process closes its ports shortly before it can be waited for, so
        this waits that long.
        """
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_SECONDS)
            raise _died(self._process, self._output)


def find_qemu() -> str:
    """Path of QEMU. Raises ToolMissing with what to install."""
    path = shutil.which(_PROGRAM)
    if path is None:
        raise ToolMissing(
            f"{_PROGRAM} is not on the PATH",
            hint="install it: apt-get install qemu-system-arm (Debian, Ubuntu) or brew install qemu (macOS)",
        )
    return path


@contextlib.contextmanager
def run_qemu(spec: BoardSpec, *, profile: ProfileRequest | None = None) -> Iterator[QemuSimulator]:
    """Start the simulator of `spec`, standing before its first instruction; it is killed at the end in any case.

    With `profile`, it counts instructions and cycles of the image that is named there, which is yet to be
    programmed: `QemuSimulator.profile` ends it and returns them.

    On Linux it is also killed when the thread that called this ends, hence with the process itself: keep the
    calling thread alive for as long as the simulator is used.
    """
    if not isinstance(spec.simulator, QemuSpec):
        raise BenchFault(f"board {spec.name!r} is not simulated by QEMU")
    command = _command(find_qemu(), spec.simulator, spec.link.lanes)
    with contextlib.ExitStack() as stack:
        counter = None if profile is None else stack.enter_context(counting(profile, spec))
        command += () if counter is None else counter.options
        stderr = stack.enter_context(tempfile.TemporaryFile())
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
                start_new_session=True,  # Ctrl-C in the terminal is for us, and we end it in order
                preexec_fn=die_with_parent(),
            )
        except OSError as error:
            raise BenchFault(f"can't start the simulator: {error.strerror}", where=command[0]) from error
        try:
            endpoints = _ask_endpoints(process, stderr, spec.link.lanes)
            yield QemuSimulator(process, stderr, endpoints, counter)
        finally:
            end_process(process, _STOP_SECONDS)


def _command(qemu: str, simulator: QemuSpec, lanes: int) -> list[str]:
    command = [qemu, "-M", simulator.machine, *simulator.arguments, "-monitor", "none", "-display", "none", "-S"]
    # sleep=off: simulated time follows the instructions and never waits for the clock on the wall.
    command += ["-icount", f"shift={simulator.icount_shift},sleep=off", "-qmp", "stdio"]
    listen = f"host={_HOST},port=0,server=on,wait=off,nodelay=on"
    command += ["-chardev", f"socket,id=gdb,{listen}", "-gdb", "chardev:gdb"]
    # The simulated UART holds one byte and wakes QEMU's main loop for the next. A multiplexer buffers 32 of them on the
    # way, which makes a lane three to four times as fast. Its escape character is put where no byte can reach it.
    command += ["-echr", str(_NO_BYTE)]
    for index in range(lanes):
        name = _lane(index)
        command += ["-chardev", f"socket,id={name},{listen},mux=on", "-serial", f"chardev:{name}"]
    return command


def _lane(index: int) -> str:
    return f"lane{index}"


def _ask_endpoints(process: subprocess.Popen[bytes], stderr: IO[bytes], lanes: int) -> Endpoints:
    monitor = _Monitor(process, stderr)
    monitor.execute("qmp_capabilities")
    names = {entry["label"]: entry["filename"] for entry in monitor.execute("query-chardev")}
    ports: list[int] = []
    # QEMU calls the socket behind a multiplexer by the multiplexer's name and "-base".
    for label in ("gdb", *(f"{_lane(index)}-base" for index in range(lanes))):
        match = _PORT.search(names.get(label, ""))
        if match is None:
            raise BenchFault(f"the simulator does not tell the port of {label!r}: {names.get(label)!r}")
        ports.append(int(match[1]))
    return Endpoints((_HOST, ports[0]), tuple(f"socket://{_HOST}:{port}" for port in ports[1:]))


class _Monitor:
    """QEMU's machine protocol on the standard streams: one JSON object a line (QEMU Machine Protocol Specification)."""

    def __init__(self, process: subprocess.Popen[bytes], stderr: IO[bytes]) -> None:
        self._process = process
        self._stderr = stderr
        self._pending = b""
        self._deadline = time.monotonic() + _START_SECONDS
        self._read_message()  # the greeting

    def execute(self, command: str) -> Any:
        """The answer to a command; events in between are skipped."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the reader below tells why it died
            self._process.stdin.write(json.dumps({"execute": command}).encode("ascii") + b"\n")
        while "return" not in (message := self._read_message()):
            if "error" in message:
                raise BenchFault(f"the simulator refuses {command!r}: {message['error'].get('desc')}")
        return message["return"]

    def _read_message(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        while b"\n" not in self._pending:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0 or not select.select([self._process.stdout], [], [], remaining)[0]:
                raise BenchFault(f"the simulator did not answer within {_START_SECONDS:.0f} s of its start")
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:
                self._process.wait()
                raise _died(self._process, self._stderr)
            self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def _died(process: subprocess.Popen[bytes], stderr: IO[bytes]) -> BenchFault:
    code = process.returncode
    cause = f"signal {-code}" if code < 0 else f"exit code {code}"
    stderr.seek(0)
    lines = stderr.read(_STDERR_BYTES).decode("utf-8", errors="replace").splitlines()
    # On a fatal error QEMU says the cause first and dumps all registers after it: the row with the PC is enough.
    words = [line.strip() for index, line in enumerate(lines) if index == 0 or "R15=" in line]
    return BenchFault(
        f"the simulator died ({cause})" + (f": {'; '.join(words)}" if words else ""),
        where=_PROGRAM,
        hint="if it dies at the same place again, look at the firmware, and at [simulator] in the board file",
    )
