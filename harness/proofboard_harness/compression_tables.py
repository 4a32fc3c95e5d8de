"""Candidates of a search as a table: live while they are tried, whole at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .product import Costs, Figures, Point, SearchResult


@dataclass(frozen=True)
class _Column:
    """`narrow`: shown where there is little room."""

    title: str
    cell: Callable[[Point, Costs, Figures], str]
    narrow: bool = True


_COLUMNS = (
    _Column("ROM B", lambda point, costs, figures: f"{costs.rom:,}"),
    _Column("MACs", lambda point, costs, figures: f"{point.macs:,}"),
    _Column("cycles", lambda point, costs, figures: f"{costs.cycles:,}"),
    _Column("accuracy", lambda point, costs, figures: f"{figures.difference * 100:+.2f}", narrow=False),
    _Column("acc. ≥", lambda point, costs, figures: f"{figures.lower * 100:+.2f}"),
    _Column("recall", lambda point, costs, figures: f"{figures.recall_difference * 100:+.1f}", narrow=False),
    _Column("rec. ≥", lambda point, costs, figures: f"{figures.recall_lower * 100:+.1f}"),
    _Column("rooms", lambda point, costs, figures: points_of(figures.shift_difference), narrow=False),
    _Column("rooms ≥", lambda point, costs, figures: points_of(figures.shift_lower), narrow=False),
    _Column("ECE %", lambda point, costs, figures: f"{figures.calibration * 100:.1f}", narrow=False),
)
_ROOM = 124  # columns of a terminal that hold all of them


def points_of(difference: float | None) -> str:
    """A difference of accuracy in points; a dash where it was not judged."""
    return "–" if difference is None else f"{difference * 100:+.2f}"


def columns_for(width: int) -> tuple[_Column, ...]:
    """What fits a terminal of that width."""
    return tuple(column for column in _COLUMNS if column.narrow or width >= _ROOM)


class SearchTable:
    """Gathers candidates as they come; renders as a table."""

    def __init__(self) -> None:
        self._points: dict[int, Point] = {}
        self.doing = ""

    def add(self, point: Point) -> None:
        """A candidate is finished, or known better than before."""
        self._points[point.number] = point

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        points = list(self._points.values())
        yield point_table(points, (), None, columns_for(options.max_width), caption=self.doing)


@contextmanager
def show_candidates(console: Console) -> Iterator[SearchTable]:
    """A table that grows in a terminal; elsewhere a line for every candidate."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield _Lines(console)
        return
    table = SearchTable()
    with Live(table, console=console, refresh_per_second=4, transient=True, vertical_overflow="visible"):
        yield table


class _Lines(SearchTable):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self._console = console

    def add(self, point: Point) -> None:
        named = zip(_COLUMNS, _cells(point, _COLUMNS), strict=True)
        cells = ", ".join(f"{column.title} {cell}" for column, cell in named)
        state = "confirmed with fresh seeds: " if point.confirmation else ""
        text = f"{point.number}: {state}{point.label}: {point.failure or cells}"
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def print_search(result: SearchResult, console: Console) -> None:
    """All candidates, the front and the winner marked, and what the choice rests on."""
    title = f"{len(result.points)} candidates in {result.seconds:.0f} s"
    console.print(point_table(result.points, result.front, result.winner, columns_for(console.width), title=title))
    for line in explanation(result):
        console.print(line, soft_wrap=True, markup=False, highlight=False)


def explanation(result: SearchResult) -> list[str]:
    """What is behind the table, in sentences."""
    winner = result.point(result.winner)
    lines = [
        "Differences are to the float32 baseline, in points, on out-of-fold predictions of grouped folds; ≥ is a "
        "one-sided 95 % bound of a bootstrap over groups; ECE is the expected calibration error. ROM is linked, cycles "
        "are predicted, if no memory waits. ◆ is beaten by no other in ROM, cycles and bound of accuracy at once; "
        "★ is deployed.",
        "Kept means that the bounds lie above their margins: "
        f"−{result.rule.margin * 100:g} for accuracy, −{result.rule.recall_margin * 100:g} for recall of the positive "
        f"class, −{result.rule.shift_margin * 100:g} for accuracy on the same clips heard in rooms. The field set "
        "takes no part.",
    ]
    asked = sum(point.confirmation is not None for point in result.points)
    if asked > 1:
        lines.append(f"{asked} candidates were asked to confirm, {asked - (winner.confirmation is not None)} did not.")
    first, again = winner.figures, winner.confirmation
    if first is not None and again is not None:
        lines.append(
            f"Candidate {winner.number} was chosen by its first training and trained anew with other seeds: "
            f"{first.difference * 100:+.2f} (≥ {first.lower * 100:+.2f}) became {again.difference * 100:+.2f} "
            f"(≥ {again.lower * 100:+.2f}), exact McNemar p = {again.mcnemar_p:.2g}. The new network is deployed."
        )
    elif winner.candidate is None:
        lines.append("No smaller network kept accuracy twice: plain int8 is deployed. Try more with --trials.")
    if result.stopped_early:
        lines.append("The time limit ended the search before all trials were done.")
    return lines


def point_table(
    points: tuple[Point, ...] | list[Point],
    front: tuple[int, ...],
    winner: int | None,
    columns: tuple[_Column, ...],
    *,
    title: str = "",
    caption: str = "",
) -> Table:
    """One row a candidate."""
    table = Table(
        title=title or None,
        caption=caption or None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("", no_wrap=True)
    table.add_column("#", justify="right")
    table.add_column("candidate", min_width=17, overflow="fold")
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=True)
    for point in points:
        mark = "★" if point.number == winner else "◆" if point.number in front else ""
        style = "bold green" if point.number == winner else ""
        if point.failure:
            table.add_row(mark, str(point.number), Text(f"{point.label}: {point.failure}"), style="red")
        else:
            table.add_row(mark, str(point.number), Text(point.label), *_cells(point, columns), style=style)
    return table


def _cells(point: Point, columns: tuple[_Column, ...]) -> list[str]:
    costs, figures = point.costs, point.confirmation or point.figures
    if costs is None or figures is None:
        return [""] * len(columns)
    return [column.cell(point, costs, figures) for column in columns]
