"""A board ready for use: simulator or metal, its probe, its serial ports. They differ only in what the spec names."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from .lock import board_lock
from .probe.flasher import Probe, open_pyocd_probe, open_simulated_probe
from .simulator.child import Simulator
from .simulator.cycle_counter import ProfileRequest
from .simulator.start import run_simulator
from .spec import BoardSpec, LinkKind
from .transport.ports import PortFinder


@dataclass(frozen=True)
class Bench:
    """`serial_urls`: one pySerial port or URL for each lane. Open them before the target runs: QEMU drops what
    nobody hears."""

    spec: BoardSpec
    probe: Probe
    serial_urls: tuple[str, ...]
    simulator: Simulator | None
    ports: PortFinder | None = None

    def serial_url(self) -> str:
        """The port of lane 0 under the name that it has now: a cable that was put back may have another one.

        Raises:
            BenchFault: it is not there, or there are several that it could be.
        """
        return self.serial_urls[0] if self.ports is None else self.ports.find()

    def check_alive(self) -> None:
        """Raises BenchFault or TargetFault if the simulator has died: to be asked for the cause when the link fails."""
        if self.simulator is not None:
            self.simulator.check_alive()

    def watch(self) -> None:
        """The same without waiting for a process that may be dying: cheap enough to be called all the time."""
        if self.simulator is not None and not self.simulator.alive:
            self.simulator.check_alive()


@contextlib.contextmanager
def open_bench(spec: BoardSpec, *, wait_seconds: float = 0.0, profile: ProfileRequest | None = None) -> Iterator[Bench]:
    """Take a board into use and let go of it at the end.

    A real board is locked, `wait_seconds` being the patience for another user; a simulator is started for this
    caller alone, so there is nothing to lock. `profile` is what a simulator is to count.
    """
    opened = _open_metal(spec, wait_seconds) if spec.simulator is None else _open_simulator(spec, profile)
    with opened as bench:
        yield bench


@contextlib.contextmanager
def _open_simulator(spec: BoardSpec, profile: ProfileRequest | None) -> Iterator[Bench]:
    with run_simulator(spec, profile=profile) as simulator:
        host, port = simulator.endpoints.gdb
        probe = open_simulated_probe(spec, host, port, simulator.check_alive)
        try:
            yield Bench(spec, probe, simulator.endpoints.serial_urls, simulator)
        finally:
            if simulator.alive:
                probe.close()


def board_ports(spec: BoardSpec) -> tuple[PortFinder, tuple[str, ...]]:
    """What finds the serial port of a real board, and where it is now; none where the link needs none.

    Raises:
        BenchFault: it is not there, or there are several that it could be.
    """
    ports = PortFinder(spec.link, str(spec.folder / "board.toml"))
    return ports, (ports.find(),) if spec.link.kind is LinkKind.SERIAL else ()


@contextlib.contextmanager
def _open_metal(spec: BoardSpec, wait_seconds: float) -> Iterator[Bench]:
    with board_lock(spec.probe.uid or spec.name, wait_seconds=wait_seconds):
        ports, urls = board_ports(spec)
        probe = open_pyocd_probe(spec)
        with contextlib.closing(probe):
            yield Bench(spec, probe, urls, None, ports)
