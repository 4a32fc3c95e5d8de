"""A profile in the terminal: a table of layers and one of functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..measurement import Source
from .figures import ImageProfile
from .rows import ABSENT, CostRow, cost_rows, count, function_rows, milliseconds

FUNCTIONS_SHOWN = 16
FULL_WIDTH = 104


@dataclass(frozen=True)
class _Column:
    """Two lines of title, and the cell of a row."""

    title: str
    cell: Callable[[CostRow], str]


_CYCLES = (_Column("zero\nwait", lambda row: row.cycles), _Column("with\nwaits", lambda row: row.waits))
_PREDICTED = (_Column("\npredicted", lambda row: row.predicted), _Column("\nerror", lambda row: row.error))
_SHARE = (_Column("\nshare", lambda row: row.share), _Column("cycles\n/MAC", lambda row: row.per_mac))

BRIEF = (*_CYCLES, *_PREDICTED, *_SHARE)
"""Columns that fit in 80."""

FULL = (
    _Column("\ncalls", lambda row: row.calls),
    _Column("instruc-\ntions", lambda row: row.instructions),
    *BRIEF,
    _Column("bytes\nread", lambda row: row.read),
)
"""All columns; they fit in `FULL_WIDTH`."""

COUNTER = (_Column("\ncycles", lambda row: row.cycles), *_PREDICTED)
"""What a board's counter tells."""


def print_profiles(profiles: Sequence[ImageProfile], console: Console, file: Path) -> None:
    """Every image's tables; `file` is where the figures lie. Only a narrow terminal gets the brief ones."""
    if not console.is_terminal:
        console = Console(file=console.file, width=max(console.width, FULL_WIDTH))
    wide = console.width >= FULL_WIDTH
    for profile in profiles:
        columns = COUNTER if not profile.layers else FULL if wide else BRIEF
        console.print()
        console.print(layer_table(profile, columns))
        console.print(fine_print(profile))
        if profile.functions:
            console.print()
            console.print(function_table(profile))
    console.print(Text(f"\nFigures: {file}", style="bold"), soft_wrap=True)


def layer_table(profile: ImageProfile, columns: Sequence[_Column]) -> Table:
    """Front end and network, each with its parts; a prediction beside the cycles."""
    table = _table(f"{profile.image}: {profile.source} cycles of one clip")
    table.add_column("\n", overflow="fold")
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True)
    for row in cost_rows(profile):
        name = row.name if row.whole else f"  {row.name}"
        cells = (column.cell(row) for column in columns)
        table.add_row(name, *("" if cell == ABSENT else cell for cell in cells), style="bold" if row.whole else "")
    return table


def function_table(profile: ImageProfile) -> Table:
    """Functions by their own cycles; those behind the most expensive ones are counted in one line."""
    table = _table(f"{profile.image}: by function, without the functions it calls")
    table.add_column("\n", overflow="fold")
    for title in ("\ncalls", "instruc-\ntions", "zero\nwait", "with\nwaits", "\nshare", "bytes\nread", "with\ncallees"):
        table.add_column(title, justify="right", no_wrap=True)
    rows = function_rows(profile)
    for row in rows[:FUNCTIONS_SHOWN]:
        figures = (row.calls, row.instructions, row.cycles, row.waits, row.share, row.read, row.inclusive)
        table.add_row(row.name, *figures)
    if more := profile.functions[FUNCTIONS_SHOWN:]:
        table.add_row(f"{len(more)} more", "", "", count(sum(cost.own.low for cost in more)), style="dim")
    return table


def times(profile: ImageProfile) -> Text:
    """Front end and network together at the board's nominal clock: what was predicted, and what was counted."""
    found = profile.times
    counted = milliseconds(found.low)
    if found.high != found.low:
        counted += f" without wait states, {milliseconds(found.high)} with the board's"
    predicted = f"At {profile.clock_hz / 1e6:g} MHz: predicted {milliseconds(found.predicted)} without wait states"
    return Text(f"{predicted}; {profile.source}: {counted}", style="dim")


def fine_print(profile: ImageProfile) -> RenderableType:
    """What the figures are and are not."""
    text = f"Means over {profile.clips} clip{'' if profile.clips == 1 else 's'}. "
    if profile.source is Source.MODELLED:
        lower, upper = milliseconds(profile.times.low), milliseconds(profile.times.high)
        text += (
            "Modelled by a simulator, not measured: from no wait states to the board's wait states. At the board's "
            f"nominal {profile.clock_hz / 1e6:g} MHz that would be {lower} to {upper} (modelled). "
        )
    if not profile.layers:
        text += (
            f"{profile.source.capitalize()} by the board's cycle counter, which is read around front end and network "
            "only: layers and functions are counted on a board that QEMU simulates."
        )
    lines = [Text(text, style="dim")]
    if profile.mismatches:
        text = f"{profile.mismatches} of {profile.clips} answers are not the reference's"
        lines.append(Text(text, style="bold red"))
    return Group(*lines)


def _table(title: str) -> Table:
    return Table(
        title=Text(title, style="bold"),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
    )
