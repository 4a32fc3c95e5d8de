"""A serial wire played in software: a pseudo-terminal at the host's end, a program's pipes at the target's.

Bytes take the time of their 10 bits (8N1), either way at once; both ends must be set to the same rate, or what arrives
is noise; what the target does not fetch in time is lost, as no handshake lines are there. So the whole path of a real
board's link, pySerial included, can be run and measured where there is no board.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import random
import re
import select
import struct
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

from ..link import BITS_A_BYTE
from ..simulator.child import end_process
from .inject import FaultPlan, Injector

ADAPTER_BYTES = 4096  # a USB adapter holds this much either way; a host that sends more waits
RECEIVE_BYTES = 4096  # the target's receive buffer, as `firmware/host/pipe_board.c` has it
_TICK = 0.001
_STOP_SECONDS = 2.0
_CHUNK = 4096
_NEW_RATE = re.compile(rb"baud (\d+)\n")
_RATES = {getattr(termios, name): int(name[1:]) for name in dir(termios) if re.fullmatch(r"B[1-9]\d*", name)}

Quality = Callable[[int], FaultPlan]
"""What goes wrong at a rate in bit/s; asked again all the time, as a line may change."""


def perfect(baud: int) -> FaultPlan:
    """Nothing goes wrong at any rate."""
    return FaultPlan()


@dataclass
class WireCounts:
    """Bytes that were put on the wire towards the target and back, and those that found its receive buffer full."""

    down: int = 0
    up: int = 0
    overruns: int = 0


@dataclass
class Way:
    """One direction: what waits in the adapter, and until when the wire is in use."""

    queue: bytearray = field(default_factory=bytearray)
    free_at: float = 0.0

    @property
    def room(self) -> int:
        """Bytes that the adapter still takes."""
        return ADAPTER_BYTES - len(self.queue)

    def put(self, data: bytes, now: float) -> None:
        """Bytes come into the adapter at `now`, in seconds of any clock."""
        if not self.queue:
            self.free_at = max(self.free_at, now)
        self.queue += data

    def arrived(self, now: float, baud: int) -> bytes:
        """Bytes whose last bit is through by `now`."""
        count = min(len(self.queue), int((now - self.free_at) * baud / BITS_A_BYTE))
        if count <= 0:
            return b""
        self.free_at += count * BITS_A_BYTE / baud
        data = bytes(self.queue[:count])
        del self.queue[:count]
        return data


class PacedWire:
    """Between a pseudo-terminal, `url`, and a program that is the target. Made by `open_wire`."""

    def __init__(self, program: subprocess.Popen[bytes], baud: int, quality: Quality, seed: int) -> None:
        self._program = program
        self._target_baud = self._start_baud = self._wanted_baud = baud
        self._quality = quality
        self._dice = random.Random(seed)
        self._injectors: dict[FaultPlan, Injector] = {}
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.url = os.ttyname(self._slave)
        self.counts = WireCounts()
        self._down, self._up = Way(), Way()
        self._told = b""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="paced wire", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the wire away."""
        self._stop.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    @property
    def host_baud(self) -> int:
        """As the host has set its port."""
        speed = int(termios.tcgetattr(self._master)[5])
        return _RATES.get(speed, speed)

    @property
    def target_baud(self) -> int:
        """As the target has set its own."""
        return self._target_baud

    def _carry(self) -> None:
        sources = _Sources(self._master, _fileno(self._program.stdout), _fileno(self._program.stderr))
        while not self._stop.is_set():
            ready = sources.wait(self._down.room > 0, self._up.room > 0)
            now = time.monotonic()
            if sources.host in ready:
                self._down.put(_read(sources.host, self._down.room), now)
            if sources.target in ready:
                data = _read(sources.target, self._up.room)
                if not data:
                    return  # the program has ended
                self._up.put(data, now)
            if sources.told in ready:
                self._note_rate(_read(sources.told, _CHUNK))
            self._deliver(now)

    def _deliver(self, now: float) -> None:
        down = self._down.arrived(now, self.host_baud)
        if down:
            self.counts.down += len(down)
            self._to_target(self._on_the_way(down))
        up = self._up.arrived(now, self._target_baud)
        if up:
            self.counts.up += len(up)
            with contextlib.suppress(BlockingIOError):  # nobody reads: as on a port that is not open
                os.write(self._master, self._on_the_way(up))
        if not self._up.queue:  # a target sends all it has before it changes its rate
            self._target_baud = self._wanted_baud

    def _on_the_way(self, data: bytes) -> bytes:
        if self.host_baud != self._target_baud:
            return self._dice.randbytes(len(data))
        plan = self._quality(self._target_baud)
        if plan not in self._injectors:
            self._injectors[plan] = Injector(plan, lambda: None)
        return self._injectors[plan].damage(data)

    def _to_target(self, data: bytes) -> None:
        sink = _fileno(self._program.stdin)
        waiting = struct.unpack("i", fcntl.ioctl(sink, termios.FIONREAD, bytes(4)))[0]
        kept = data[: max(0, RECEIVE_BYTES - waiting)]
        self.counts.overruns += len(data) - len(kept)
        if kept:
            with contextlib.suppress(BrokenPipeError):  # the program has ended; its output tells
                os.write(sink, kept)

    def _note_rate(self, told: bytes) -> None:
        self._told += told
        for match in _NEW_RATE.finditer(self._told):
            self._wanted_baud = int(match[1]) or self._start_baud
        self._told = self._told[self._told.rfind(b"\n") + 1 :]


@dataclass(frozen=True)
class _Sources:
    """Where bytes come from: the host, the target, and the line on which it tells of a new rate."""

    host: int
    target: int
    told: int

    def wait(self, host: bool, target: bool) -> list[int]:
        """Those that have something, after a tick at most; `host`, `target`: whether there is room for theirs."""
        wanted = [self.told, *([self.host] if host else []), *([self.target] if target else [])]
        return select.select(wanted, [], [], _TICK)[0]


def _fileno(stream: IO[bytes] | None) -> int:
    assert stream is not None
    return stream.fileno()


def _read(source: int, most: int) -> bytes:
    try:
        return os.read(source, most)
    except BlockingIOError:
        return b""


@contextlib.contextmanager
def open_wire(
    command: list[str],
    baud: int,
    quality: Quality = perfect,
    *,
    environment: dict[str, str] | None = None,
    seed: int = 1,
) -> Iterator[PacedWire]:
    """Start a target that talks on its standard streams, and a wire to it.

    Args:
        command: the program, see `build_pipe`.
        baud: at which the target starts, bit/s.
        quality: what goes wrong at which rate.
        environment: for the program, besides this process's own.
        seed: of the noise that ends at different rates hear.
    """
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, env={**os.environ, **(environment or {})}
    )
    try:
        with contextlib.closing(PacedWire(process, baud, quality, seed)) as wire:
            yield wire
    finally:
        end_process(process, _STOP_SECONDS)
        assert process.stderr is not None
        process.stderr.close()
