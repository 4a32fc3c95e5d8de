"""The proof that the link loses nothing: the same clips clean, and under every fault, with equal answers to the bit."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import toolchain
from ..boards import load_board
from ..build import build_image
from ..errors import BenchFault, ConfigurationFault
from ..product import cache_folder, generated_clips
from ..run_folder import JOURNAL
from ..spec import LinkKind
from ..transport.inject import FaultPlan
from .link_faults_worker import PROGRESS, Order, save_order
from .link_subject import load_subject, on_this_machine
from .tables import BenchReport, BenchTable

BOARD = "qemu-mps2-an505"
COMMAND = "proofboard bench link-faults"
_WORKER = "proofboard_harness.benchmarks.link_faults_worker"
# All that a result is counted by; what it costs and when it came is another each time.
_ANSWER = (
    "image, clip_id, split, label, source_group, host_logits, target_logits, host_class, target_class, bit_exact, "
    "layer_crcs"
)
_LOOK_SECONDS = 0.01
_AT_START = 2.0  # seconds: a kill whose clip is there already comes while the process starts, flashes or greets
_MOST_RESETS = 1 / 200  # a frame; with more, as many in a row as end a run would come by chance
_FRAMES = 52  # that a clip of 16,000 samples takes, with what asks for it

Progress = Callable[[str], None]
Answers = list[tuple[Any, ...]]


@dataclass(frozen=True)
class FaultCase:
    """`plan`: what goes wrong on the link. `kills`: SIGKILLs of the process; `resets`: of the target; both at random,
    `resets` about as many, or fewer where there are too few clips for them."""

    title: str
    plan: FaultPlan = field(default_factory=FaultPlan)
    kills: int = 0
    resets: int = 0

    def faults(self, clips: int) -> str:
        """The plan for so many clips, as the worker takes it."""
        often = min(self.resets / (clips * _FRAMES), _MOST_RESETS)
        plan = dataclasses.replace(self.plan, reset=often) if self.resets else self.plan
        return "" if plan == FaultPlan(seed=plan.seed) else str(plan)


CASES = (
    FaultCase("clean"),
    FaultCase("1 byte in 10,000 lost", FaultPlan(loss=1e-4)),
    FaultCase("1 byte in 1,000 lost", FaultPlan(loss=1e-3)),
    FaultCase("a bit of 1 byte in 10,000 flipped", FaultPlan(flip=1e-4)),
    FaultCase("harness killed", kills=20),
    FaultCase("target reset", resets=30),
    FaultCase("all at once", FaultPlan(loss=1e-4, flip=1e-4, double=1e-5, delay=1e-4, pull=1e-4), kills=20, resets=30),
)
"""The clean one first: the others are compared with it."""


@dataclass(frozen=True)
class FaultRow:
    """What became of a case. Of the link's counts, those of the last moments before a kill are lost.

    `clips` were answered; `differing` of them otherwise than in the clean run, or in another place; `inexact`:
    otherwise than the reference.
    """

    case: FaultCase
    clips: int
    seconds: float
    kills: int
    resets: int
    reconnects: int
    restarts: int
    retransmits: int
    bad_frames: int
    differing: int
    inexact: int

    @property
    def is_met(self) -> bool:
        """Whether every answer is the clean run's and the reference's."""
        return not self.differing and not self.inexact


@dataclass(frozen=True)
class FaultClips:
    """What is streamed: `field` recordings of the field set, a fixed choice, and `generated` random and adversarial
    clips, all through the simulated board's memory; of both together `uart`, spread evenly, over its plain UART, which
    is some ten times as slow."""

    field: int
    generated: int
    uart: int

    def __post_init__(self) -> None:
        if self.uart > self.field + self.generated:
            raise ConfigurationFault(
                f"{self.uart} clips over the UART of {self.field + self.generated} in all",
                hint="give fewer with --uart",
            )

    @property
    def command(self) -> str:
        """That streams them again."""
        return f"{COMMAND} --clips {self.field} --generated {self.generated} --uart {self.uart}"

    @property
    def rows_of_uart(self) -> list[int]:
        """Which of all clips go over the UART as well."""
        return [round(row) for row in np.linspace(0, self.field + self.generated - 1, self.uart)]


def bench_faults(clips: FaultClips, progress: Progress) -> BenchReport:
    """Every case over both links; `progress` is told what comes next."""
    subject = load_subject(clips.field)
    recorded = [f"recording{row}" for row in range(clips.field)]
    ids = recorded + [f"generated{row}" for row in range(clips.generated)]
    pcm = np.concatenate([subject.pcm[: clips.field], generated_clips(clips.generated, subject.image.window)])
    expected = on_this_machine(subject.image, pcm)
    board = load_board(BOARD)
    elf = build_image(subject.image.generated, board.image_folder, cache=cache_folder()).product
    found: dict[LinkKind, list[FaultRow]] = {}
    with tempfile.TemporaryDirectory(prefix="proofboard-bench-") as folder:
        for kind, part in ((LinkKind.RTT, list(range(len(ids)))), (LinkKind.SERIAL, clips.rows_of_uart)):
            work = Path(folder) / kind.value
            work.mkdir()
            image = subject.image
            names = list(image.layer_names)
            chosen = [ids[row] for row in part]
            order = Order(BOARD, kind.value, str(elf), image.model_hash, list(image.graph.classes), names, chosen)
            save_order(work, order, pcm[part], expected.rows(part))
            found[kind] = prove(work, len(order.ids), work, CASES, progress)
    return report(found, clips.command)


def prove(order: Path, clips: int, work: Path, cases: Sequence[FaultCase], progress: Progress) -> list[FaultRow]:
    """Stream the order once for each case; the first one is what the others are compared with.

    Args:
        order: the folder of a saved order of `clips` clips.
        work: takes a folder for each case.

    Raises:
        BenchFault: a process ended by itself without the answers.
    """
    rows: list[FaultRow] = []
    clean: Answers = []
    for number, case in enumerate(cases):
        progress(f"{clips:,} clips: {case.title}")
        folder = work / f"case{number}"
        folder.mkdir(parents=True)
        started = time.monotonic()
        counts = _run_to_the_end(case, order, folder, clips, random.Random(number))
        seconds = time.monotonic() - started
        found = read_answers(folder)
        clean = clean or found
        rows.append(_row(case, seconds, counts, found, clean))
    return rows


def _run_to_the_end(case: FaultCase, order: Path, folder: Path, clips: int, dice: random.Random) -> Counter[str]:
    """Start the worker, kill it, start it again; the sum of what its lives counted."""
    command = [sys.executable, "-m", _WORKER, str(order), str(folder), case.faults(clips)]
    moments = sorted(dice.sample(range(clips), case.kills))
    counts: Counter[str] = Counter()
    while True:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                if moments:
                    _kill(process, folder / PROGRESS, moments.pop(0) - counts["clips"], dice)
                _, complaint = process.communicate()
            finally:
                process.kill()
        counts.update(_read_progress(folder / PROGRESS))
        if process.returncode == 0:
            return counts
        if process.returncode >= 0:
            raise BenchFault(complaint.strip(), where=case.title)
        counts["kills"] += 1


def _kill(process: subprocess.Popen[str], progress: Path, clips: int, dice: random.Random) -> None:
    """SIGKILL when that many clips are through in this life, somewhere in the next one."""
    with contextlib.suppress(FileNotFoundError):
        progress.unlink()  # of the life before
    if clips <= 0:
        time.sleep(dice.uniform(0, _AT_START))
    while process.poll() is None and _read_progress(progress).get("clips", 0) < clips:
        time.sleep(_LOOK_SECONDS)
    time.sleep(dice.uniform(0, 0.3))
    process.kill()


def _read_progress(path: Path) -> dict[str, int]:
    try:
        counts: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return counts


def read_answers(folder: Path) -> Answers:
    """All that the journal holds, in order of arrival."""
    with contextlib.closing(sqlite3.connect(folder / JOURNAL)) as connection:
        return connection.execute(f"SELECT {_ANSWER} FROM clip ORDER BY arrival").fetchall()


def _row(case: FaultCase, seconds: float, counts: Counter[str], found: Answers, clean: Answers) -> FaultRow:
    same = sum(one == other for one, other in zip(found, clean, strict=False))
    exact = _ANSWER.split(", ").index("bit_exact")
    return FaultRow(
        case=case,
        clips=len(found),
        seconds=seconds,
        kills=counts["kills"],
        resets=counts["resets"],
        reconnects=counts["reconnects"],
        restarts=counts["restarts"],
        retransmits=counts["retransmits"],
        bad_frames=counts["bad_frames"],
        differing=max(len(found), len(clean)) - same,
        inexact=sum(not row[exact] for row in found),
    )


def table(kind: LinkKind, rows: Sequence[FaultRow]) -> BenchTable:
    """For people."""
    columns = ("faults", "clips", "kills", "resets", "reopened", "sent again", "bad frames", "s", "answers")
    cells = tuple(
        (
            row.case.title,
            f"{row.clips:,}",
            f"{row.kills}",
            f"{row.resets}",
            f"{row.reconnects}",
            f"{row.retransmits:,}",
            f"{row.bad_frames:,}",
            f"{row.seconds:.0f}",
            "all equal met" if row.is_met else f"{row.differing} differ, {row.inexact} inexact MISSED",
        )
        for row in rows
    )
    notes = (
        "Equal: logits, class, CRC of every layer, label and order of all clips are those of the clean run, to the "
        "bit, and those of the same C on this machine; no clip is missing and none is there twice. Costs are not "
        "compared: a byte that arrives while the network runs takes some instructions. Counts of frames and resets "
        "leave out the last moments before a kill. Seconds are this machine's.",
    )
    over = {LinkKind.RTT: "memory, by the debug stub (RTT)", LinkKind.SERIAL: "plain UART, coded"}
    return BenchTable(f"Faults, over {over[kind]}", columns, cells, notes)


def report(found: Mapping[LinkKind, Sequence[FaultRow]], command: str) -> BenchReport:
    """What `proofboard bench link-faults` prints and writes."""
    return BenchReport(
        "link-faults",
        command,
        {"qemu-system-arm": toolchain.version(toolchain.QEMU), "cores": str(os.cpu_count())},
        tuple(table(kind, rows) for kind, rows in found.items()),
        {kind.value: [asdict(row) for row in rows] for kind, rows in found.items()},
        tuple(f"{row.case.title} ({kind.value})" for kind, rows in found.items() for row in rows if not row.is_met),
    )
