"""A board simulated by Renode: the process, its monitor, and the ports of its debug stub and its serial line.

Renode chooses no ports by itself: free ones are found before, so that in theory another process could come in between.
Commands: Renode's documentation, "Monitor", "UART integration", "Debugging with GDB".
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import IO

from ..errors import BenchFault, ToolMissing
from ..spec import BoardSpec, RenodeSpec
from .child import ChildSimulator, Endpoints, die_with_parent, end_process
from .cycle_tree import CallTree
from .renode_monitor import RenodeMonitor, SocketStream

RESET_COMMAND = "machine Reset"
"""What the debug stub's monitor calls a system reset."""

_PROGRAM = "renode"
_HOST = "127.0.0.1"
_START_SECONDS = 60.0
_STOP_SECONDS = 5.0
_DYING_SECONDS = 0.5
_STDERR_BYTES = 65536


class RenodeSimulator(ChildSimulator):
    """A running Renode. Made by `run_renode`, which also ends it."""

    def profile(self) -> CallTree:
        """Raises BenchFault: Renode counts nothing by function."""
        raise BenchFault("Renode counts nothing by function", hint="profile the network on qemu-mps2-an505")

    def check_alive(self) -> None:
        """Raises BenchFault with Renode's last words if the process has ended, or is about to."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_DYING_SECONDS)
            raise _died(self._process, self._output)


def find_renode() -> str:
    """Path of Renode. Raises ToolMissing with where to get it."""
    path = shutil.which(_PROGRAM)
    if path is None:
        raise ToolMissing(
            "renode is not on the PATH", hint="get the portable build from https://github.com/renode/renode/releases"
        )
    return path


def setup_commands(spec: BoardSpec, gdb_port: int, serial_port: int) -> list[str]:
    """What the monitor is told to make the board of `spec`, standing, with empty flash."""
    simulator = spec.simulator
    if not isinstance(simulator, RenodeSpec):
        raise BenchFault(f"board {spec.name!r} is not simulated by Renode")
    return [
        'mach create "board"',
        f"machine LoadPlatformDescription @{spec.folder / simulator.platform}",
        f"cpu PerformanceInMips {simulator.mips}",
        f'emulation CreateServerSocketTerminal {serial_port} "serial" false',
        f"connector Connect sysbus.{simulator.uart} serial",
        f"machine StartGdbServer {gdb_port}",
    ]


@contextlib.contextmanager
def run_renode(spec: BoardSpec) -> Iterator[RenodeSimulator]:
    """Start the simulator of `spec`, standing; it is ended with the context, and with its parent.

    Raises:
        ToolMissing: Renode is not there.
        BenchFault: it could not be started, or refused a command.
    """
    monitor_port, gdb_port, serial_port = _free_ports(3)
    commands = setup_commands(spec, gdb_port, serial_port)
    command = [find_renode(), "--disable-gui", "--plain", "--hide-log", "-P", str(monitor_port)]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        try:
            with contextlib.closing(_connect(process, output, monitor_port)) as stream:
                _execute(RenodeMonitor(stream), commands)
                endpoints = Endpoints((_HOST, gdb_port), (f"socket://{_HOST}:{serial_port}",))
                yield RenodeSimulator(process, output, endpoints)
        finally:
            end_process(process, _STOP_SECONDS)


def _execute(monitor: RenodeMonitor, commands: Sequence[str]) -> None:
    for command in commands:
        monitor.execute(command)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_HOST, 0))
        return [one.getsockname()[1] for one in sockets]


def _connect(process: subprocess.Popen[bytes], output: IO[bytes], port: int) -> SocketStream:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _died(process, output)
        with contextlib.suppress(OSError):
            return SocketStream(socket.create_connection((_HOST, port), timeout=1.0))
        time.sleep(0.1)
    raise BenchFault(f"Renode's monitor did not listen within {_START_SECONDS:.0f} s")


def _died(process: subprocess.Popen[bytes], output: IO[bytes]) -> BenchFault:
    output.seek(0)
    lines = output.read(_STDERR_BYTES).decode("utf-8", errors="replace").splitlines()
    return BenchFault(f"Renode ended with {process.returncode}: {' '.join(lines[-2:])}", where=_PROGRAM)
