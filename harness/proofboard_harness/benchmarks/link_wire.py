"""Goodput over a paced serial wire: the firmware's own application at one end, the harness at the other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from .. import pcm_code
from ..build import build_pipe
from ..link import BITS_A_BYTE, SerialLink
from ..product import cache_folder
from ..rate import RateControl
from ..target import Identity, Target
from ..transport.inject import FaultPlan
from ..transport.paced import PacedWire, open_wire
from .link_subject import FLAGS, LinkSubject
from .tables import BenchTable

PIPE_BUILD_ID = "00" * 20  # `firmware/host/pipe_board.c`
_FIRST_BAUD = 115_200


class Code(StrEnum):
    """How samples go over the wire."""

    RAW = "raw"
    CODED = "coded"


@dataclass(frozen=True)
class WireCase:
    """One line of the table.

    `inference_ms`: how long the target is busy with a clip. `must`: the least share of the line rate that is PCM.
    """

    baud: int
    clips: int
    code: Code = Code.RAW
    faults: FaultPlan = field(default_factory=FaultPlan)
    inference_ms: int = 0
    must: float | None = None

    @property
    def title(self) -> str:
        """What is special about it."""
        parts = [f"{self.baud:,} baud, {self.code}"]
        if self.faults != FaultPlan():
            parts.append(f"byte loss {self.faults.loss:.0e}")
        if self.inference_ms:
            parts.append(f"{self.inference_ms} ms a clip in the target")
        return ", ".join(parts)


CASES = (
    WireCase(115_200, 4),
    WireCase(460_800, 12),
    WireCase(921_600, 40, must=0.90),
    WireCase(921_600, 40, faults=FaultPlan(loss=1e-4), must=0.80),
    WireCase(921_600, 40, faults=FaultPlan(loss=1e-3)),
    WireCase(921_600, 40, inference_ms=30, must=0.90),
    WireCase(921_600, 40, Code.CODED),
    WireCase(2_000_000, 40),
)


@dataclass(frozen=True)
class WireRow:
    """What came of a case; times by this machine's clock, bytes as the wire carried them."""

    case: WireCase
    seconds: float
    pcm_bytes: int
    wire_bytes: int
    retransmits: int
    overruns: int
    limit: str

    @property
    def line(self) -> float:
        """Bytes a second that the wire can carry."""
        return self.case.baud / BITS_A_BYTE

    @property
    def share(self) -> float:
        """PCM delivered, of the line rate; above 1 where the code saves more than framing costs."""
        return self.pcm_bytes / self.seconds / self.line

    @property
    def use(self) -> float:
        """Bytes on the wire, of the line rate."""
        return self.wire_bytes / self.seconds / self.line

    @property
    def is_met(self) -> bool:
        """Whether the case's bound is reached."""
        return self.case.must is None or self.share >= self.case.must


def measure(case: WireCase, subject: LinkSubject) -> WireRow:
    """Stream the first clips of `subject`; TargetFault if an answer is wrong."""
    program = build_pipe(subject.image.generated, cache=cache_folder()).product
    environment = {"PROOFBOARD_INFERENCE_US": str(1000 * case.inference_ms)}
    with (
        open_wire([str(program)], _FIRST_BAUD, lambda baud: case.faults, environment=environment) as wire,
        _target(wire, case) as target,
    ):
        target.greet(Identity(PIPE_BUILD_ID, subject.image.model_hash))
        before, repeats = wire.counts.down, target.statistics.retransmits
        for row, result in enumerate(target.stream(subject.pcm[: case.clips], flags=FLAGS)):
            subject.check(row, result)
        statistics = target.statistics
        return WireRow(
            case,
            statistics.seconds,
            statistics.pcm_bytes,
            wire.counts.down - before,
            statistics.retransmits - repeats,
            wire.counts.overruns,
            statistics.limit,
        )


@contextlib.contextmanager
def _target(wire: PacedWire, case: WireCase) -> Iterator[Target]:
    target = Target(
        SerialLink(wire.url, _FIRST_BAUD),
        watch=lambda: None,
        describe=hex,
        encode=pcm_code.encode if case.code is Code.CODED else pcm_code.encode_raw,
        rate=RateControl(_FIRST_BAUD, case.baud),
    )
    with contextlib.closing(target):
        yield target


def table(rows: Sequence[WireRow]) -> BenchTable:
    """For people."""
    columns = ("wire", "line kB/s", "PCM kB/s", "of the line", "wire in use", "sent again", "limit", "must")
    cells = tuple(
        (
            row.case.title,
            f"{row.line / 1000:.1f}",
            f"{row.pcm_bytes / row.seconds / 1000:.1f}",
            f"{100 * row.share:.1f} %",
            f"{100 * row.use:.1f} %",
            f"{row.retransmits:,}",
            row.limit,
            _must(row),
        )
        for row in rows
    )
    return BenchTable(
        "Goodput on a paced serial wire",
        columns,
        cells,
        (
            "Measured by this machine's clock, from the first chunk to the last answer. The line carries a byte in 10 "
            "bits. “raw”: 2 bytes a sample, framing included in the time; “coded”: the lossless code, so that PCM may "
            "come to more than the line rate. “wire in use”: all bytes towards the target, framing and repeats too.",
        ),
    )


def _must(row: WireRow) -> str:
    if row.case.must is None:
        return ""
    return f"≥ {100 * row.case.must:.0f} % {'met' if row.is_met else 'MISSED'}"
