"""The main table as data: what the terminal and the page both show, so that they can't disagree.

A row is one quantity; in it stand baseline and compressed side by side, each with the host's prediction beside the
target's result. Text is plain ASCII here; how it is set is up to who shows it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ..measurement import Source
from ..profile.rows import signed_percent
from .record import Cost, ImageRecord, Proportion, RunRecord, Score

ABSENT = "-"


@dataclass(frozen=True)
class Cell:
    """A number as text with a second line: an interval, or the error of a prediction."""

    text: str = ABSENT
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """One quantity. `change` is compressed against baseline: points for a share, percent for all else;
    `better` says which way a count went, None = no change, or a share: whether that changed is for the paired test
    to say, not for a colour. `host_source` or `target_source` is None for an empty column."""

    name: str
    unit: str
    baseline_host: Cell
    baseline_target: Cell
    compressed_host: Cell
    compressed_target: Cell
    change: str
    better: bool | None
    host_source: Source | None
    target_source: Source | None


def main_rows(record: RunRecord) -> list[Row]:
    """All rows, in the order of the table."""
    before, after = record.baseline, record.compressed
    rows = [
        _score_row("k-fold accuracy", before.kfold, after.kfold),
        _score_row("field accuracy", before.field, after.field),
    ]
    recall = _recall_row(record, before.field, after.field)
    rows += [recall] if recall else []
    rows += [
        _count_row(
            "ROM",
            "bytes",
            (before.rom.predicted, before.rom.total),
            (after.rom.predicted, after.rom.total),
            (Source.PREDICTED, Source.LINKED),
        ),
        _count_row(
            "RAM",
            "bytes",
            (before.ram.predicted, before.ram.total),
            (after.ram.predicted, after.ram.total),
            (Source.PREDICTED, Source.LINKED),
        ),
        _count_row(
            "stack used",
            "bytes",
            (None, before.ram.stack_high_water),
            (None, after.ram.stack_high_water),
            (Source.PREDICTED, Source.TARGET),
        ),
        _count_row("MACs", "", (before.macs, None), (after.macs, None), (Source.PREDICTED, Source.TARGET)),
        _cost_row("front end", before.frontend, after.frontend),
        _cost_row("network", before.network, after.network),
    ]
    return rows


def percent(value: float) -> str:
    return f"{100 * value:.2f} %"


def interval(share: Proportion) -> str:
    """The 95 % interval of a share, in percent."""
    return f"{100 * share.lower:.1f} to {100 * share.upper:.1f}"


def mismatch_count(count: int) -> str:
    return f"{count:,} mismatch{'' if count == 1 else 'es'}"


def same_clips(score: Score) -> str:
    """Target beside host over the same clips, in words; empty when none were streamed."""
    if score.target is None or score.host_streamed is None:
        return ""
    target, host = score.target, score.host_streamed
    return (
        f"over the {target.total:,} clips streamed the target has {percent(target.value)}, "
        f"the host predicted {percent(host.value)}"
    )


def relative_change(before: float, after: float) -> str:
    """`after` against `before` in percent, or ABSENT when there is nothing to divide by."""
    if after == before:
        return "same"
    return signed_percent(after / before - 1 if before else None)


def image_totals(record: RunRecord) -> list[tuple[str, ImageRecord]]:
    return [("baseline", record.baseline), ("compressed", record.compressed)]


def _score_row(name: str, before: Score, after: Score) -> Row:
    return Row(
        name=name,
        unit="",
        baseline_host=_share(before.host),
        baseline_target=_share(before.target),
        compressed_host=_share(after.host),
        compressed_target=_share(after.target),
        change=f"{100 * (after.host.value - before.host.value):+.2f} pp",
        better=None,
        host_source=Source.HOST,
        target_source=Source.TARGET if before.target or after.target else None,
    )


def _recall_row(record: RunRecord, before: Score, after: Score) -> Row | None:
    if before.recall_host is None or after.recall_host is None:
        return None
    return _score_row(
        f"{record.positive} recall",
        Score(host=before.recall_host, target=before.recall_target),
        Score(host=after.recall_host, target=after.recall_target),
    )


def _share(share: Proportion | None) -> Cell:
    return Cell(percent(share.value), interval(share)) if share else Cell()


def _cost_row(name: str, before: Cost, after: Cost) -> Row:
    """Under a modelled target the other end of its interval."""
    row = _count_row(
        name,
        after.unit,
        (before.predicted, before.target),
        (after.predicted, after.target),
        (Source.PREDICTED, after.source),
    )
    return dataclasses.replace(
        row,
        baseline_target=_with_upper(row.baseline_target, before.upper),
        compressed_target=_with_upper(row.compressed_target, after.upper),
    )


def _with_upper(cell: Cell, upper: float | None) -> Cell:
    return cell if upper is None else Cell(cell.text, f"to {upper:,.0f}")


def _count_row(
    name: str,
    unit: str,
    before: tuple[float | None, float | None],
    after: tuple[float | None, float | None],
    sources: tuple[Source, Source],
) -> Row:
    """Each pair is (host, target). The change is of what the target says, or of the prediction where it is silent.

    Under a prediction stands its error, where there is something to compare it with.
    """
    host_given, target_given = (before[side] is not None or after[side] is not None for side in (0, 1))
    first, second = (before[1], after[1]) if target_given else (before[0], after[0])
    change, better = ABSENT, None
    if first is not None and second is not None:
        change = relative_change(first, second)
        better = None if first == second else second < first
    return Row(
        name=name,
        unit=unit,
        baseline_host=_predicted(*before),
        baseline_target=_count(before[1]),
        compressed_host=_predicted(*after),
        compressed_target=_count(after[1]),
        change=change,
        better=better,
        host_source=sources[0] if host_given else None,
        target_source=sources[1] if target_given else None,
    )


def _count(value: float | None) -> Cell:
    return Cell() if value is None else Cell(f"{value:,.0f}")


def _predicted(value: float | None, target: float | None) -> Cell:
    if value is None or not target:
        return _count(value)
    return Cell(f"{value:,.0f}", signed_percent(value / target - 1))
