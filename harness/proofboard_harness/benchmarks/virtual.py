"""`proofboard bench virtual`: how many instructions the virtual RA6E1 executes in a second of a core."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata

import numpy as np

from ..boards import load_board
from ..build import build_image
from ..elf import Image
from ..errors import FirmwareFault, TargetFault
from ..link import open_serial
from ..probe.flasher import open_simulated_probe
from ..probe.gdb_remote import GdbRemote
from ..probe.rsp import RspClient
from ..product import cache_folder, keyword_spotter_image
from ..profile.attribution import NETWORK
from ..simulator.virtual_ra6e1.launch import run_virtual
from ..spec import VirtualSpec, VirtualSpeed
from ..symbols import build_id, locate
from ..target import Identity, Target
from .link_subject import LinkSubject, on_this_machine
from .tables import BenchReport, BenchTable

BOARD = "virtual-ra6e1"
COMMAND = "proofboard bench virtual"
RUNS = 30
_LEAST_FAST = 20e6
_WORDS_BYTES = 64  # PB_MAX_LOGITS words
_SECONDS = 0.001

Progress = Callable[[str], None]


@dataclass(frozen=True)
class SpeedRow:
    """`processor`: seconds of one core that the board's process took for `runs` of the network."""

    speed: VirtualSpeed
    runs: int
    instructions: int
    processor: float

    @property
    def rate(self) -> float:
        """Instructions in a second of a core."""
        return self.instructions / self.processor

    @property
    def is_met(self) -> bool:
        """Whether the bound is kept, which is for the fast speed."""
        return self.speed is not VirtualSpeed.FAST or self.rate >= _LEAST_FAST


def bench_virtual(runs: int = RUNS, progress: Progress = lambda what: None) -> BenchReport:
    """Measure and tabulate.

    Args:
        runs: of the network at each speed, after a clip that is not counted.
        progress: called with what comes next.

    Raises:
        TargetFault: an answer was not that of the same C on this machine.
    """
    load = os.getloadavg()[0]
    subject = _subject()
    rows = []
    for speed in (VirtualSpeed.FAST, VirtualSpeed.MODELLED):
        progress(f"{runs} runs, {speed.value}")
        rows.append(measure(speed, subject, runs))
    return BenchReport(
        "virtual",
        COMMAND,
        {"unicorn": metadata.version("unicorn"), "cores": str(os.cpu_count()), "load": f"{load:.1f}"},
        (table(rows),),
        {"speeds": [asdict(row) | {"rate": row.rate} for row in rows]},
        tuple(row.speed.value for row in rows if not row.is_met),
    )


def _subject() -> LinkSubject:
    """Noise, since what the sound is does not matter, and the keyword spotter of MLPerf Tiny."""
    image = keyword_spotter_image()
    pcm = np.random.default_rng(1).integers(-32768, 32768, (1, 16_000), dtype=np.int16)
    return LinkSubject(image, pcm, on_this_machine(image, pcm), ("noise",))


def measure(speed: VirtualSpeed, subject: LinkSubject, runs: int) -> SpeedRow:
    """Flash, stream a clip, and have its network run again and again, called by a debugger.

    So nothing is counted but the network: a board that waits for the host takes time for few instructions, as long as
    the host lets it wait.
    """
    spec = dataclasses.replace(load_board(BOARD), simulator=VirtualSpec(speed))
    elf = Image.load(build_image(subject.image.generated, spec.image_folder, cache=cache_folder()).product)
    with run_virtual(spec) as board:
        (url,) = board.endpoints.serial_urls
        target = Target(open_serial(url, spec.link.baud), board.check_alive, lambda address: locate(elf, address))
        with contextlib.closing(target):
            probe = open_simulated_probe(spec, *board.endpoints.gdb, board.check_alive)
            with contextlib.closing(probe):
                probe.program(elf)
            target.greet(Identity(build_id(elf), subject.image.model_hash))
            subject.check(0, target.infer(subject.pcm[0]))
        remote = GdbRemote(RspClient.connect(*board.endpoints.gdb))
        with contextlib.closing(remote):
            before = _counters(remote)
            for _ in range(runs):
                if _run_network(remote, elf) != int(subject.expected.classes[0]):
                    raise TargetFault("answered otherwise than the same C on this machine", where=speed.value)
            after = _counters(remote)
    instructions, processor = (end - begin for begin, end in zip(before, after, strict=True))
    return SpeedRow(speed, runs, int(instructions), processor)


def _run_network(remote: GdbRemote, elf: Image) -> int:
    """The class that the network gives the features of the last clip. The firmware does not go on from there."""
    initial_stack = int.from_bytes(remote.read_memory(0, 4), "little")  # the first word of the vector table
    words = initial_stack - _WORDS_BYTES
    end = _address(elf, "pb_reset")
    remote.insert_breakpoint(end)
    for register, value in (
        ("r0", _address(elf, "features")),
        ("r1", words),
        ("r2", 0),
        ("r3", 0),
        ("sp", words),
        ("lr", end | 1),
        ("pc", _address(elf, NETWORK)),
    ):
        remote.write_register(register, value)
    remote.resume()
    while remote.is_running():
        time.sleep(_SECONDS)
    remote.remove_breakpoint(end)
    return remote.read_register("r0")


def _address(elf: Image, name: str) -> int:
    symbol = elf.symbol(name)
    if symbol is None:
        raise FirmwareFault(f"has no symbol {name}", where=str(elf.path))
    return symbol.address & ~1


def _counters(remote: GdbRemote) -> tuple[int, float]:
    """Instructions and seconds of a core so far."""
    return int(remote.monitor("instructions")), float(remote.monitor("processor_seconds"))


def table(rows: list[SpeedRow]) -> BenchTable:
    """For people."""
    columns = ("speed", "runs of the network", "million instructions", "seconds of a core", "M/s", "must")
    cells = tuple(
        (
            row.speed.value,
            f"{row.runs:,}",
            f"{row.instructions / 1e6:,.1f}",
            f"{row.processor:.2f}",
            f"{row.rate / 1e6:.1f}",
            _must(row),
        )
        for row in rows
    )
    note = (
        "M/s: instructions in a second of a core that the board's process took, running the keyword spotter of MLPerf "
        "Tiny; every answer compared."
    )
    return BenchTable("Speed of the virtual RA6E1", columns, cells, (note,))


def _must(row: SpeedRow) -> str:
    if row.speed is not VirtualSpeed.FAST:
        return ""
    return f"≥ {_LEAST_FAST / 1e6:.0f} M/s {'met' if row.is_met else 'MISSED'}"
