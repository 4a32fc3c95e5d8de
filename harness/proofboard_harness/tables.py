"""What the terminal says at the end of a run: the main table, confusion matrices, bit-exactness, where the report is.

Renders in 80 columns and up. Away from a terminal, rich leaves out colour; where the encoding is not UTF-8 the boxes
and signs fall back to ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .profile.tables import BRIEF, layer_table, times
from .report.record import BitExact, PairedComparison, RunRecord
from .report.rows import Cell, Row, image_totals, main_rows, mismatch_count, same_clips
from .report.verdict import Check, checks

_STYLES = {True: "green", False: "red", None: ""}


def print_outcome(record: RunRecord, console: Console, report: Path) -> None:
    """Print all that a run found out; `report` is where the HTML page lies."""
    console.print()
    console.print(main_table(record))
    console.print(Padding(fine_print(record), (1, 0)))
    for _, image in image_totals(record):
        if image.profile is not None:
            console.print(layer_table(image.profile, BRIEF))
            console.print(times(image.profile))
            console.print()
    console.print(confusion_matrices(record))
    console.print(verdict_lines(record))
    # Never wrapped: a path that is broken in two can't be opened.
    console.print(Text(f"Report: {report}", style="bold"), soft_wrap=True)


def main_table(record: RunRecord) -> Table:
    """Baseline and compressed side by side; in each the host's prediction beside the target's result."""
    table = Table(
        title=Text(f"{record.title} on {record.board.title}", style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
    table.add_column("\n", min_width=11)
    for image in ("baseline", "compressed"):
        table.add_column(f"{image}\nhost", justify="right", no_wrap=True)
        table.add_column("\ntarget", justify="right", no_wrap=True)
    table.add_column("\nchange", justify="right", no_wrap=True)
    table.add_column("\nsource", no_wrap=True)
    for row in main_rows(record):
        table.add_row(*_row_cells(row))
    return table


def fine_print(record: RunRecord) -> Text:
    """What the numbers of the main table were counted over."""
    streamed = record.compressed.field.target
    text = f"k-fold: {record.clips_kfold:,} clips, out of fold. Field: host {record.clips_field:,} clips"
    if streamed is not None:
        text += f", target {streamed.total:,} of them streamed"
    text += f". Under a share: its 95 % interval ({record.interval_method}); under a prediction: its error. ROM: "
    text += f"{record.compressed.rom.fixed:,} bytes of each image are the fixed part (start-up, link, front end)."
    if record.board.simulated:
        text += (
            " Cycles are modelled for a simulated board, not measured: without wait states, and under that with the "
        )
        text += "board's."
    return Text(text, style="dim")


def confusion_matrices(record: RunRecord) -> RenderableType:
    """K-fold and field, side by side where the width holds them, the images one below the other."""
    lines: list[RenderableType] = []
    for name, image in image_totals(record):
        kfold = _matrix(f"{name}, k-fold", image.confusion_kfold, record.classes)
        field = _matrix(f"{name}, field", image.confusion_field, record.classes)
        lines += [Columns([kfold, field], padding=(0, 4)), ""]
    return Group(*lines)


def verdict_lines(record: RunRecord) -> RenderableType:
    """Bit-exactness, accuracy kept, the link, every check that failed, and the verdict."""
    lines = [_bit_exact_line(record.bit_exact)]
    if record.board.chip:
        lines.append(Text(f"Chip: {record.board.chip}"))
    for name, image in image_totals(record):
        if streamed := same_clips(image.field):
            lines.append(Text(f"Field, {name}: {streamed}"))
    if record.comparison is not None:
        lines.append(_kept_line(record.comparison))
    link = record.link
    lines.append(
        Text(
            f"Link: {link.bytes:,} bytes in {link.seconds:.1f} s ({link.bytes_per_second / 1000:,.1f} kB/s), "
            f"{link.retransmits} retransmits, {link.crc_errors} CRC errors"
        )
    )
    if link.survived:
        lines.append(Text(f"Survived: {link.survived}"))
    found = checks(record)
    for check in found:
        if check.passed is False:
            lines.append(Text(f"FAILED {check.group}, {check.name}: {check.message}", style="bold red"))
    return Group(*lines, _verdict_line(found))


def _verdict_line(found: Sequence[Check]) -> Text:
    run = [check for check in found if check.passed is not None]
    good = sum(check.passed is True for check in run)
    text = f"{'Proved' if good == len(run) else 'NOT proved'}: {good} of {len(run)} checks passed"
    text += f", {len(found) - len(run)} not run" if len(run) < len(found) else ""
    return Text(text, style="bold green" if good == len(run) else "bold red")


def _row_cells(row: Row) -> list[Text]:
    name = Text(row.name, style="bold")
    name.append(f"\n{row.unit}" if row.unit else "", style="not bold dim")
    sources = [str(source) for source in (row.host_source, row.target_source) if source is not None]
    cells = (row.baseline_host, row.baseline_target, row.compressed_host, row.compressed_target)
    return [
        name,
        *(_cell(cell) for cell in cells),
        Text(row.change, style=_STYLES[row.better]),
        Text("\n".join(sources), style="cyan"),
    ]


def _cell(cell: Cell) -> Text:
    text = Text(cell.text)
    # "96.2-97.6" and "<715,885": every column of the table has to fit in 80.
    detail = cell.detail.replace(" to ", "-").replace("to ", "<")
    text.append(f"\n{detail}" if detail else "", style="dim")
    return text


def _matrix(title: str, counts: tuple[tuple[int, ...], ...], classes: tuple[str, ...]) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD)
    table.pad_edge = table.show_edge = False
    table.add_column("is \\ said", style="dim")
    for name in classes:
        table.add_column(Text(name), justify="right")
    for index, (label, row) in enumerate(zip(classes, counts, strict=True)):
        cells = [
            Text(f"{count:,}", style="green" if column == index else ("red" if count else ""))
            for column, count in enumerate(row)
        ]
        table.add_row(Text(label), *cells)
    return table


def _bit_exact_line(exact: BitExact) -> Text:
    if exact.clips == 0:
        return Text("Bit-exact: no clip was streamed", style="yellow")
    good = exact.mismatches == 0
    text = f"Bit-exact: {exact.clips - exact.mismatches:,} of {exact.clips:,} clips, {mismatch_count(exact.mismatches)}"
    if exact.first_mismatch:
        text += f"; first: {exact.first_mismatch}"
    return Text(text, style="bold green" if good else "bold red")


def _kept_line(kept: PairedComparison) -> Text:
    text = (
        f"Accuracy {'kept' if kept.kept else 'NOT kept'}: {100 * kept.difference:+.2f} points on {kept.split} "
        f"(90 % interval {100 * kept.lower:+.2f} to {100 * kept.upper:+.2f}, margin {100 * kept.margin:.1f}), "
        f"exact McNemar p = {kept.mcnemar_p:.3g}"
    )
    return Text(text, style="bold green" if kept.kept else "bold red")
