"""`proofboard bench frontend`: our front end beside CMSIS-DSP's functions on the same sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import TargetFault
from ..product import FrontendSubject, frontend_subject
from ..simulator.cycle_tree import CallTree, Counts
from . import cmsis_dsp
from .bare_image import FASTEST, THEIR_OPTIONS, Case, Unit, firmware_unit
from .bare_run import CaseResult, run_cases
from .cmsis_sources import DSP_PACKAGE, NN_PACKAGE, CmsisSources
from .tables import BenchReport, BenchTable
from .versions import tool_versions

COMMAND = "proofboard bench frontend"
STAGES = cmsis_dsp.STAGES
_SHAPES = ((512, 32), (256, 32))
_MUSTS = {512: (25_000, 18_000), 256: (14_000, 10_000)}
_OURS = "pb_frontend_"


@dataclass(frozen=True)
class FrontendRow:
    """One implementation on one front end; cycles and instructions of one frame, averaged over all frames.

    Attributes:
        subject: the front end.
        title: the implementation.
        counts: one frame.
        stages: cycles of each stage without wait states; a stage that is part of another is left out.
        flash_bytes: code and tables, as linked.
        rms_db, max_db: error against float64 over all bands and frames.
    """

    subject: str
    title: str
    counts: Counts
    stages: Mapping[str, int]
    flash_bytes: int
    rms_db: float
    max_db: float


def bench_frontend(sources: CmsisSources, folder: Path) -> BenchReport:
    """Build, run, compare and tabulate. `folder` takes the build.

    Raises:
        TargetFault: our features are not those of the integer reference.
    """
    subjects = [frontend_subject(*shape) for shape in _SHAPES]
    rows = {subject.name: measure_rows(subject, sources, folder / subject.name) for subject in subjects}
    tables = [_table(subject, rows[subject.name]) for subject in subjects]
    figures = {name: [asdict(row) for row in group] for name, group in rows.items()}
    missed = tuple(s.title for s in subjects if rows[s.name][0].counts.low > _MUSTS[s.tensors.frame][0])
    return BenchReport("frontend", COMMAND, tool_versions(DSP_PACKAGE, NN_PACKAGE), tuple(tables), figures, missed)


def measure_rows(subject: FrontendSubject, sources: CmsisSources, folder: Path) -> list[FrontendRow]:
    """Ours and every chain of CMSIS-DSP in one image and run; then the chains with CMSIS-DSP's own choice of flags."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = folder / f"{subject.name}.c"
    ours.write_text(subject.emit(), encoding="utf-8")
    case = Case(subject.name, subject.reference().nbytes)
    same = run_cases(
        [firmware_unit(), Unit([ours]), _unit(subject, sources, folder, ())], [case, *_cases(subject)], folder
    )
    fastest = run_cases(
        [firmware_unit(), _unit(subject, sources, folder, FASTEST)], _cases(subject), folder / "fastest"
    )
    return [
        _our_row(subject, same[subject.name]),
        *_their_rows(subject, same, ""),
        *_their_rows(subject, fastest, f", {FASTEST[0]}"),
    ]


def _unit(subject: FrontendSubject, sources: CmsisSources, folder: Path, options: Sequence[str]) -> Unit:
    files = []
    for chain in cmsis_dsp.CHAINS:
        files.append(folder / f"dsp_{chain.key}.c")
        files[-1].write_text(cmsis_dsp.chain_source(_name(chain), chain, subject.tensors), encoding="utf-8")
    flags = (*THEIR_OPTIONS, *cmsis_dsp.OPTIONS, *options)
    return Unit([*files, *sources.dsp_files(*cmsis_dsp.FILES)], sources.dsp_includes, flags)


def _name(chain: cmsis_dsp.Chain) -> str:
    return f"dsp_{chain.key}"


def _cases(subject: FrontendSubject) -> list[Case]:
    size = subject.reference().size
    return [
        Case(_name(chain), size * np.dtype(chain.dtype).itemsize, f"{_name(chain)}__prepare")
        for chain in cmsis_dsp.CHAINS
    ]


def _our_row(subject: FrontendSubject, result: CaseResult) -> FrontendRow:
    reference = subject.reference()
    features = np.frombuffer(result.output, np.int16).reshape(reference.shape)
    wrong = np.argwhere(features != reference)
    if wrong.size:
        frame, band = wrong[0]
        raise TargetFault(
            f"{len(wrong)} of {features.size} features are not the reference's; first in frame {frame}, band {band}: "
            f"{features[frame, band]} instead of {reference[frame, band]}",
            where=subject.title,
        )
    return _row(subject, "ours", result, _OURS, subject.decibels(features) - subject.tensors.exact(2))


def _their_rows(subject: FrontendSubject, results: Mapping[str, CaseResult], suffix: str) -> Iterator[FrontendRow]:
    for chain in cmsis_dsp.CHAINS:
        result = results[_name(chain)]
        output = np.frombuffer(result.output, chain.dtype).reshape(subject.reference().shape)
        error = chain.decibels(output, subject.tensors) - subject.tensors.exact(chain.exponent)
        yield _row(subject, f"CMSIS-DSP {chain.title}{suffix}", result, f"{_name(chain)}__", error)


def _row(
    subject: FrontendSubject, title: str, result: CaseResult, prefix: str, error: NDArray[np.float64]
) -> FrontendRow:
    frames = subject.frames
    whole = result.counts
    counts = Counts(
        round(whole.instructions / frames),
        round(whole.low / frames),
        round(whole.high / frames),
        round(whole.bytes_read / frames),
        round(whole.bytes_written / frames),
    )
    flash = result.constant_bytes + result.code_bytes - subject.tensors.pcm.nbytes
    stages = {stage: round(cycles / frames) for stage, cycles in _stages(result.tree, prefix)}
    return FrontendRow(
        subject.name,
        title,
        counts,
        stages,
        flash,
        float(np.sqrt(np.mean(error**2))),
        float(np.abs(error).max()),
    )


def _stages(tree: CallTree, prefix: str) -> Iterator[tuple[str, int]]:
    for stage in STAGES:
        nodes = tree.find(prefix + stage)
        if nodes:
            yield stage, sum(node.total.low for node in nodes)


def _table(subject: FrontendSubject, rows: Sequence[FrontendRow]) -> BenchTable:
    ours = rows[0].counts.low
    cells = []
    for row in rows:
        counts = row.counts
        cells.append(
            (
                row.title,
                f"{counts.low:,} … {counts.high:,}",
                f"{counts.instructions:,}",
                *(f"{row.stages[stage]:,}" if stage in row.stages else "–" for stage in STAGES),
                f"{row.flash_bytes:,}",
                f"{row.rms_db:.3f}",
                f"{row.max_db:.2f}",
                f"{ours / counts.low:.2f}",
            )
        )
    must, aim = _MUSTS[subject.tensors.frame]
    verdict = "met" if ours <= must else "MISSED"
    return BenchTable(
        f"Front end, {subject.title}: one frame",
        ("", "modelled cycles", "instructions", *STAGES, "flash bytes", "rms error, dB", "max", "ours / it"),
        tuple(cells),
        (
            f"Must: ≤ {must:,} cycles without wait states: {verdict}. Aim: ≤ {aim:,}: "
            f"{'met' if ours <= aim else 'MISSED'}. Stages are cycles without wait states; ours has the logarithm in "
            "the mel stage.",
            f"Error: against float64, over all bands of {subject.frames} frames of test sounds at a peak of -20 dBFS. "
            "Ours is the integer reference's to the last bit.",
        ),
    )
