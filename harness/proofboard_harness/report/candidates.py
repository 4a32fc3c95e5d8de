"""The search's candidates as the page shows them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path

from .record import CandidateRecord, RunRecord
from .rows import ABSENT


@dataclass(frozen=True)
class CandidateRow:
    """`mark`: what it became; `cells`: figures as text, in the order of `COLUMNS`; `failure` in place of them."""

    number: int
    label: str
    mark: str
    cells: tuple[str, ...]
    failure: str


COLUMNS = ("ROM B", "MACs", "cycles", "accuracy", "≥", "recall", "≥", "in rooms", "≥", "ECE %")


def candidate_rows(record: RunRecord) -> list[CandidateRow]:
    """One for each, in the order of the record; none where nothing was searched."""
    found = record.search
    if found is None:
        return []
    return [
        CandidateRow(each.number, each.label, mark_of(each, found.deployed), _cells(each), each.failure)
        for each in found.candidates
    ]


def mark_of(candidate: CandidateRecord, deployed: int) -> str:
    """★ deployed, ◆ beaten by no other, nothing for the rest."""
    return "★" if candidate.number == deployed else "◆" if candidate.front else ""


def front_picture(record: RunRecord, run_folder: Path) -> str:
    """Data URI of the plot; empty where the run folder has lost it: the table still says all."""
    if record.search is None:
        return ""
    try:
        png = (run_folder / record.search.picture).read_bytes()
    except OSError:
        return ""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _cells(candidate: CandidateRecord) -> tuple[str, ...]:
    if candidate.failure:
        return ()
    shares = (
        (candidate.accuracy, 2),
        (candidate.accuracy_lower, 2),
        (candidate.recall, 1),
        (candidate.recall_lower, 1),
        (candidate.rooms, 2),
        (candidate.rooms_lower, 2),
    )
    return (
        f"{candidate.rom:,}",
        f"{candidate.macs:,}",
        f"{candidate.cycles:,.0f}",
        *(ABSENT if value is None else f"{100 * value:+.{digits}f}" for value, digits in shares),
        ABSENT if candidate.calibration is None else f"{100 * candidate.calibration:.1f}",
    )
