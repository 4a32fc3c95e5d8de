"""`proofboard bench link`: how fast sound goes to a target, and what limits it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np

from .. import pcm_code, toolchain
from . import link_published, link_simulator, link_wire
from .link_subject import LinkSubject, load_subject
from .tables import BenchReport, BenchTable

COMMAND = "proofboard bench link"
CLIPS = 1000
_MEASURED_CODE = 200  # recordings that the code is measured on

Progress = Callable[[str], None]


@dataclass(frozen=True)
class CodeRow:
    """The lossless code over recordings: bytes as PCM and on the wire, and the seconds that coding takes here."""

    title: str
    clips: int
    pcm_bytes: int
    coded_bytes: int
    seconds: float


def bench_link(clips: int = CLIPS, progress: Progress = lambda what: None) -> BenchReport:
    """Measure and tabulate.

    Args:
        clips: recordings for the simulated board; the wires take fewer.
        progress: called with what comes next.

    Raises:
        TargetFault: an answer was not that of the same C on this machine.
    """
    load = os.getloadavg()[0]
    progress("recordings")
    subject = load_subject(max(clips, max(case.clips for case in link_wire.CASES)))
    wires = []
    for wire in link_wire.CASES:
        progress(wire.title)
        wires.append(link_wire.measure(wire, subject))
    simulators = []
    for case in link_simulator.cases(clips):
        progress(f"{case.clips} clips by {case.kind.value}")
        simulators.append(link_simulator.measure(case, subject))
    progress("the code")
    codes = list(_code_rows(subject))
    missed = [row.case.title for row in wires if not row.is_met]
    missed += [f"{row.case.clips} clips by {row.case.kind.value}" for row in simulators if not row.is_met]
    return BenchReport(
        "link",
        COMMAND,
        {"qemu-system-arm": toolchain.version(toolchain.QEMU), "cores": str(os.cpu_count()), "load": f"{load:.1f}"},
        (link_wire.table(wires), link_simulator.table(simulators), _code_table(codes), link_published.table()),
        {
            "wire": [asdict(row) | {"share": row.share, "use": row.use} for row in wires],
            "simulator": [asdict(row) | {"rate": row.rate, "times_real": row.times_real} for row in simulators],
            "code": [asdict(row) for row in codes],
            "published": [asdict(run) for run in link_published.RUNS],
        },
        tuple(missed),
    )


def _code_rows(subject: LinkSubject) -> Iterator[CodeRow]:
    labels = np.array(subject.labels[:_MEASURED_CODE])
    pcm = subject.pcm[:_MEASURED_CODE]
    every = np.ones(len(pcm), bool)
    for title, rows in [("all", every), *((label, labels == label) for label in sorted(set(labels)))]:
        chunks = pcm[rows].reshape(-1, 320)
        started = time.monotonic()
        coded = sum(len(pcm_code.encode(chunk)) for chunk in chunks)
        yield CodeRow(str(title), int(rows.sum()), chunks.nbytes, coded, time.monotonic() - started)


def _code_table(rows: list[CodeRow]) -> BenchTable:
    columns = ("field recordings", "clips", "kB as PCM", "kB coded", "of its size", "coding, kB/s")
    cells = tuple(
        (
            row.title,
            f"{row.clips:,}",
            f"{row.pcm_bytes / 1000:,.0f}",
            f"{row.coded_bytes / 1000:,.0f}",
            f"{100 * row.coded_bytes / row.pcm_bytes:.1f} %",
            f"{row.pcm_bytes / row.seconds / 1000:,.0f}",
        )
        for row in rows
    )
    note = (
        "The code pays where the line is slower than coding by this machine: on every serial port; not through a "
        "simulator's memory, where samples go as they are."
    )
    return BenchTable("The lossless code", columns, cells, (note,))
