"""How fast recordings go through a simulated board, from an empty simulator to the last journalled answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..boards import load_board, with_link
from ..build import build_image
from ..elf import Image
from ..errors import TargetFault
from ..events import EventBus
from ..product import cache_folder
from ..results import ResultStore
from ..spec import LinkKind
from ..stream import StreamClip, StreamJob, flashed_target, stream
from ..symbols import build_id
from ..target import Identity
from .link_subject import LinkSubject
from .tables import BenchTable

BOARD = "qemu-mps2-an505"
_JOURNALLED_AS = "compressed"  # a journal knows the images of a run
_LEAST_RATE = 150e3
_LONGEST_SECONDS = 300.0


@dataclass(frozen=True)
class SimulatorCase:
    """`limited`: whether the bounds on rate and time are for it, which are for runs over the default link."""

    kind: LinkKind
    clips: int
    limited: bool


@dataclass(frozen=True)
class SimulatorRow:
    """`seconds`: from the start of the simulator on; `streaming`: from the first chunk to the last answer."""

    case: SimulatorCase
    seconds: float
    streaming: float
    pcm_bytes: int
    sample_rate: int
    limit: str

    @property
    def rate(self) -> float:
        """PCM bytes a second."""
        return self.pcm_bytes / self.streaming

    @property
    def times_real(self) -> float:
        """Seconds of sound in a second of streaming."""
        return self.rate / (2 * self.sample_rate)

    @property
    def is_met(self) -> bool:
        """Whether the bounds are kept."""
        return not self.case.limited or (self.rate >= _LEAST_RATE and self.seconds <= _LONGEST_SECONDS)


def cases(clips: int) -> tuple[SimulatorCase, ...]:
    """Through memory, and for comparison over the plain UART, with fewer clips."""
    return SimulatorCase(LinkKind.RTT, clips, True), SimulatorCase(LinkKind.SERIAL, max(1, clips // 40), False)


def measure(case: SimulatorCase, subject: LinkSubject) -> SimulatorRow:
    """Flash, stream, compare and journal, as a run does; TargetFault if an answer is wrong."""
    board = with_link(load_board(BOARD), case.kind)
    elf = Image.load(build_image(subject.image.generated, board.image_folder, cache=cache_folder()).product)
    job = _job(subject, case.clips)
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="proofboard-bench-") as folder,
        ResultStore(Path(folder) / "results.sqlite") as store,
        flashed_target(board, elf, Identity(build_id(elf), subject.image.model_hash)) as (_, target),
    ):
        outcome = stream(job, target, board, store, EventBus(), lambda done, total, detail="": None)
        wrong = store.counts(job.image).mismatches
    seconds = time.monotonic() - started
    if wrong:
        raise TargetFault(f"{wrong} answers are not those of the same C on this machine: {outcome.first_mismatch}")
    link = outcome.link
    rate = subject.image.specification.sample_rate
    return SimulatorRow(case, seconds, link.seconds, link.pcm_bytes, rate, link.limit)


def _job(subject: LinkSubject, clips: int) -> StreamJob:
    names = subject.image.graph.classes
    chosen = [StreamClip(str(row), "field", names[0], str(row), row) for row in range(clips)]
    return StreamJob(_JOURNALLED_AS, subject.image.layer_names, names, chosen, subject.pcm, subject.expected)


def table(rows: Sequence[SimulatorRow]) -> BenchTable:
    """For people."""
    columns = ("link", "clips of 1 s", "seconds in all", "streaming", "PCM kB/s", "real time", "limit", "must")
    titles = {LinkKind.RTT: "memory, by the debug stub (RTT)", LinkKind.SERIAL: "plain UART, coded"}
    cells = tuple(
        (
            titles[row.case.kind],
            f"{row.case.clips:,}",
            f"{row.seconds:.1f}",
            f"{row.streaming:.1f}",
            f"{row.rate / 1000:.1f}",
            f"{row.times_real:.1f} ×",
            row.limit,
            _must(row),
        )
        for row in rows
    )
    note = (
        f"{BOARD}, one simulator. In all: start of the simulator, flashing with read-back, greeting, streaming; every "
        "answer, with the CRC of every layer, compared and journalled. Measured by this machine's clock."
    )
    return BenchTable("A simulated board", columns, cells, (note,))


def _must(row: SimulatorRow) -> str:
    if not row.case.limited:
        return ""
    words = "met" if row.is_met else "MISSED"
    return f"≥ {_LEAST_RATE / 1000:.0f} kB/s, ≤ {_LONGEST_SECONDS:.0f} s {words}"
