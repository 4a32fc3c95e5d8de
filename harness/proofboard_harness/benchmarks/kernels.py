"""`proofboard bench kernels`: our kernels beside CMSIS-NN's on the same tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import TargetFault
from ..product import Subject, autoencoder_subject, kernel_subjects, keyword_spotter_subject
from ..simulator.cycle_tree import Counts
from . import cmsis_nn, silicon
from .bare_image import FASTEST, THEIR_OPTIONS, Case, Unit, firmware_unit
from .bare_run import CaseResult, run_cases
from .cmsis_sources import NN_PACKAGE, CmsisSources
from .tables import BenchReport, BenchTable
from .versions import tool_versions

COMMAND = "proofboard bench kernels"
_THEIRS = "cmsis_"


@dataclass(frozen=True)
class Must:
    """What a row has to reach: a bound on our cycles per MAC, or on the ratio to CMSIS-NN's."""

    limit: float
    relative: bool

    def __str__(self) -> str:
        return f"≤ {self.limit:.2f}" + (" × CMSIS-NN" if self.relative else "")

    def met(self, ours: Side, theirs: Side | None) -> bool:
        """Whether it is reached."""
        if not self.relative:
            return ours.cycles_per_mac <= self.limit
        return theirs is not None and ours.cycles_per_mac <= self.limit * theirs.cycles_per_mac


_DENSE, _SMALL, _INT4 = Must(1.30, relative=False), Must(2.2, relative=False), Must(1.50, relative=False)
MUSTS = {
    "dense_8_128_128": _DENSE,
    "dense_8_256_64": _DENSE,
    "dense_8_32_16": _SMALL,
    "dense_4_128_128": _INT4,
    "dense_4_256_64": _INT4,
    "conv_25_5_64_64_1_1": Must(0.70, relative=True),
    "depthwise_25_5_64_3_3": Must(0.80, relative=True),
    silicon.KEYWORD_SPOTTER: Must(1.80, relative=False),
}


@dataclass(frozen=True)
class Side:
    """One library's run of a subject. Bytes are of flash, as linked: constants, and the code that runs them."""

    macs: int
    counts: Counts
    constant_bytes: int
    code_bytes: int

    @property
    def cycles_per_mac(self) -> float:
        """Zero wait."""
        return self.counts.low / self.macs

    @property
    def board_cycles_per_mac(self) -> float:
        """With the board's memory term."""
        return self.counts.high / self.macs

    @property
    def instructions_per_mac(self) -> float:
        """Executed instructions."""
        return self.counts.instructions / self.macs


@dataclass(frozen=True)
class KernelRow:
    """One subject by us, by CMSIS-NN with the same flags, and by it with the flags that it recommends.

    `differing` of `outputs` outputs of CMSIS-NN differ from ours, by `largest` steps at most; ours are those of the
    integer reference to the last bit, or there is no row.
    """

    name: str
    title: str
    macs: int
    ours: Side
    theirs: Side | None
    fastest: Side | None
    outputs: int
    differing: int
    largest: int

    @property
    def must(self) -> Must | None:
        """What the row has to reach, if anything."""
        return MUSTS.get(self.name)

    @property
    def must_is_met(self) -> bool:
        """Whether the row reaches it."""
        return self.must is None or self.must.met(self.ours, self.theirs)


def bench_kernels(sources: CmsisSources, folder: Path) -> BenchReport:
    """Build one image with everything in it, run it once, compare and tabulate. `folder` takes the build.

    Raises:
        TargetFault: one of our kernels gave another output than the integer reference.
    """
    networks = (autoencoder_subject(), *(keyword_spotter_subject(bits) for bits in (8, 4)))
    rows = measure_rows((*kernel_subjects(), *networks), sources, folder)
    return BenchReport(
        "kernels",
        COMMAND,
        tool_versions(NN_PACKAGE),
        (_kernel_table(rows), _size_table(rows), _silicon_table(rows)),
        {"rows": [asdict(row) for row in rows], "published": [asdict(result) for result in silicon.PUBLISHED]},
        tuple(row.title for row in rows if not row.must_is_met),
    )


def measure_rows(subjects: Sequence[Subject], sources: CmsisSources, folder: Path) -> list[KernelRow]:
    """Run every subject by us and, where all of its weights are int8, by CMSIS-NN: in one image with the same flags,
    then CMSIS-NN's alone with the flags that it recommends."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = [_write(folder / f"{subject.name}.c", subject.emit()) for subject in subjects]
    units = [firmware_unit(), Unit(ours)]
    cases = [Case(subject.name, subject.output.bytes) for subject in subjects]
    compared = [subject for subject in subjects if subject.bits == 8]
    their_cases = [Case(_THEIRS + subject.name, subject.output.size) for subject in compared]
    their_files = [
        _write(folder / f"{case.name}.c", cmsis_nn.network_source(case.name, subject.layers(), subject.values))
        for case, subject in zip(their_cases, compared, strict=True)
    ]
    fastest: dict[str, CaseResult] = {}
    if compared:
        files = [*their_files, *sources.nn_files]
        units.append(Unit(files, sources.nn_includes, THEIR_OPTIONS))
        theirs = Unit(files, sources.nn_includes, (*THEIR_OPTIONS, *FASTEST))
        fastest = run_cases([firmware_unit(), theirs], their_cases, folder / "fastest")
    same = run_cases(units, [*cases, *their_cases], folder / "same")
    names = {subject.name: _THEIRS + subject.name for subject in subjects}
    return [
        _row(subject, same[subject.name], same.get(names[subject.name]), fastest.get(names[subject.name]))
        for subject in subjects
    ]


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _row(subject: Subject, ours: CaseResult, theirs: CaseResult | None, fastest: CaseResult | None) -> KernelRow:
    reference = subject.reference()
    output = np.frombuffer(ours.output, reference.dtype)
    wrong = np.flatnonzero(output != reference)
    if wrong.size:
        first = int(wrong[0])
        raise TargetFault(
            f"{wrong.size} of {output.size} outputs are not the reference's; first at {first}: "
            f"{output[first]} instead of {reference[first]}",
            where=subject.title,
        )
    differing, largest = 0, 0
    if theirs is not None:
        steps = np.abs(_at_int8(output) - np.frombuffer(theirs.output, np.int8).astype(np.int64))
        differing, largest = int((steps > 0).sum()), int(steps.max())
    return KernelRow(
        subject.name,
        subject.title,
        subject.macs,
        _side(subject, ours),
        None if theirs is None else _side(subject, theirs),
        None if fastest is None else _side(subject, fastest),
        output.size,
        differing,
        largest,
    )


def _at_int8(output: NDArray[np.generic]) -> NDArray[np.int64]:
    """int16 logits are 256 times as fine as CMSIS-NN's int8."""
    wide = output.astype(np.int64)
    return wide if output.dtype == np.int8 else np.clip((wide + 128) >> 8, -127, 127)


def _side(subject: Subject, result: CaseResult) -> Side:
    return Side(subject.macs, result.counts, result.constant_bytes - subject.source.bytes, result.code_bytes)


def _kernel_table(rows: Sequence[KernelRow]) -> BenchTable:
    columns = ("layer", "MACs", "ours, cycles/MAC", "instr/MAC", "CMSIS-NN, cycles/MAC", "instr/MAC")
    cells = []
    for row in rows:
        verdict = "met" if row.must_is_met else "MISSED"
        cells.append(
            (
                row.title,
                f"{row.macs:,}",
                *_figures(row.ours),
                *_figures(row.theirs),
                "–" if row.fastest is None else f"{row.fastest.cycles_per_mac:.2f}",
                "–" if row.theirs is None else f"{row.ours.cycles_per_mac / row.theirs.cycles_per_mac:.2f}",
                "" if row.must is None else f"{row.must}: {verdict}",
            )
        )
    agreement = "; ".join(
        f"{row.title}: {row.differing:,} of {row.outputs:,}, by {row.largest}" for row in rows if row.differing
    )
    return BenchTable(
        "Kernels: modelled cycles per multiply-accumulate",
        (*columns, FASTEST[0], "ratio", "must"),
        tuple(cells),
        (
            "Cycles are modelled: without wait states … with those of the board's memories. Ratio and must: without, "
            f"same flags for both; the column {FASTEST[0]} is CMSIS-NN with the flags that it recommends. "
            "CMSIS-NN's int4 kernels are not in the package that its sources come from.",
            "Our outputs are the integer reference's to the last bit. CMSIS-NN rounds twice where we round once; its "
            f"outputs that differ, in steps of int8: {agreement or 'none'}.",
        ),
    )


def _figures(side: Side | None) -> tuple[str, str]:
    if side is None:
        return "not in the package", "–"
    return f"{side.cycles_per_mac:.2f} … {side.board_cycles_per_mac:.2f}", f"{side.instructions_per_mac:.2f}"


def _size_table(rows: Sequence[KernelRow]) -> BenchTable:
    cells = tuple(
        (
            row.title,
            f"{row.ours.constant_bytes:,}",
            f"{row.ours.code_bytes:,}",
            *(("–", "–") if row.theirs is None else (f"{row.theirs.constant_bytes:,}", f"{row.theirs.code_bytes:,}")),
        )
        for row in rows
    )
    return BenchTable(
        "Kernels: bytes of flash",
        ("layer", "ours, weights and parameters", "code", "CMSIS-NN, weights and parameters", "code"),
        cells,
        ("As linked into an image with nothing else in it. Code holds the call with its arguments.",),
    )


def _silicon_table(rows: Sequence[KernelRow]) -> BenchTable:
    """CMSIS-NN's modelled cycles against what boards took for the same network."""
    modelled = {row.name: row.theirs for row in rows if row.theirs is not None}
    cells = []
    for result in silicon.PUBLISHED:
        side = modelled[result.network]
        low, high = side.cycles_per_mac, side.board_cycles_per_mac
        cells.append(
            (
                f"{silicon.TITLES[result.network]}, {result.board}, {result.software} ({result.round})",
                f"{result.cycles_per_mac:.2f}",
                f"{low:.2f} … {high:.2f}",
                f"{100 * (low / result.cycles_per_mac - 1):+.0f} % … {100 * (high / result.cycles_per_mac - 1):+.0f} %",
            )
        )
    return BenchTable(
        "The cycle model against silicon: cycles per multiply-accumulate",
        ("network, board, software (round of MLPerf Tiny)", "board", "CMSIS-NN, modelled", "error"),
        tuple(cells),
        (
            "Only the EK-RA6M4 and the nRF5340 ran CMSIS-NN: there the last column is an error, of the model and of "
            "what a framework and another compiler add. The NUCLEO-U575 ran other kernels, the fastest that are "
            "published for this core.",
        ),
    )
