"""A search as a run keeps it: plain values, of which reports and summaries are made."""

from __future__ import annotations

from .compression_tables import explanation
from .product import Point, SearchResult
from .report.record import CandidateRecord, SearchRecord


def search_record(result: SearchResult, deployed: int, picture: str) -> SearchRecord:
    """All candidates, the smallest image first; behind them those that failed.

    Args:
        deployed: number of the candidate in the image: the winner, or the one that was asked for.
        picture: of the front, relative to the run folder.
    """
    candidates = [_candidate(point, result) for point in result.points]
    candidates.sort(key=lambda candidate: (bool(candidate.failure), candidate.rom, candidate.number))
    return SearchRecord(deployed, result.seconds, tuple(candidates), tuple(explanation(result)), picture)


def _candidate(point: Point, result: SearchResult) -> CandidateRecord:
    costs, figures = point.costs, point.confirmation or point.figures
    if costs is None or figures is None:
        return CandidateRecord(point.number, point.label, failure=point.failure)
    return CandidateRecord(
        number=point.number,
        label=point.label,
        front=point.number in result.front,
        confirmed=point.confirmation is not None,
        rom=costs.rom,
        ram=costs.ram,
        macs=point.macs,
        cycles=float(costs.cycles),
        accuracy=figures.difference,
        accuracy_lower=figures.lower,
        recall=figures.recall_difference,
        recall_lower=figures.recall_lower,
        rooms=figures.shift_difference,
        rooms_lower=figures.shift_lower,
        calibration=figures.calibration,
        margin_shift=figures.margin_shift,
    )
