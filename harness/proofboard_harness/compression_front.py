"""The picture of a search: what accuracy costs in flash and in cycles, and which candidates no other beats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from .product import SearchResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROOM = 0.04  # of an axis, beside its outermost candidates
_LABEL_POINTS = 9.0  # from a mark to its number
_STAR_POINTS = 15.0  # from the deployed one's


@dataclass(frozen=True)
class _Mark:
    """A candidate in the picture; `cost` on the axis of one panel, `bound` in points."""

    number: int
    cost: float
    bound: float


def plot(result: SearchResult) -> bytes:
    """PNG of two panels: the bound of accuracy against ROM and against cycles, with margin, front and winner."""
    # matplotlib takes a second to import: only who plots pays.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rom: list[_Mark] = []
    cycles: list[_Mark] = []
    for point in result.points:
        figures = point.confirmation or point.figures
        if point.costs is not None and figures is not None:
            bound = figures.lower * 100
            rom.append(_Mark(point.number, point.costs.rom / 1000, bound))
            cycles.append(_Mark(point.number, point.costs.cycles / 1000, bound))
    figure = Figure(figsize=(11, 5), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, rom, result, unit="kB")
    _panel(right, cycles, result, unit="k")
    left.set_xlabel("image in flash, kB (linked)")
    right.set_xlabel("thousand cycles a decision (predicted, if no memory waits)")
    left.set_ylabel("accuracy less the baseline's, points:\none-sided 95 % bound, out of fold")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    buffer = BytesIO()
    canvas.print_png(buffer)
    return buffer.getvalue()


def _panel(axes: Axes, marks: Sequence[_Mark], result: SearchResult, unit: str) -> None:
    # Plain int8 is so much larger than all others that a common axis would crowd them into one corner.
    plain = {point.number for point in result.points if point.candidate is None}
    near = [mark for mark in marks if mark.number not in plain] or list(marks)
    kinds: Mapping[str, tuple[list[_Mark], str]] = {
        "beaten by none in ROM, cycles and bound at once": ([m for m in near if m.number in result.front], "tab:blue"),
        "beaten": ([mark for mark in near if mark.number not in result.front], "none"),
    }
    for label, (some, face) in kinds.items():
        costs, bounds = [mark.cost for mark in some], [mark.bound for mark in some]
        axes.scatter(costs, bounds, s=42, facecolors=face, edgecolors="tab:blue", zorder=3, label=label)
    deployed = [mark for mark in near if mark.number == result.winner]
    if deployed:
        place = (deployed[0].cost, deployed[0].bound)
        axes.scatter(*place, marker="*", s=330, facecolors="gold", edgecolors="black", zorder=4, label="deployed")
    axes.axhline(-result.rule.margin * 100, color="tab:red", linestyle="--", linewidth=1, label="margin")
    least, most = min(mark.cost for mark in near), max(mark.cost for mark in near)
    room = _ROOM * (most - least) or _ROOM * most
    axes.set_xlim(least - 2 * room, most + 2 * room)
    for far in (mark for mark in marks if mark not in near):
        text = f"{far.number}, plain int8, lies outside: {far.cost:,.1f} {unit}, {far.bound:+.2f}"
        axes.set_title(text, loc="right", fontsize=9)
    axes.grid(True, linewidth=0.3)
    _number(axes, near, result.winner)


def _number(axes: Axes, marks: Sequence[_Mark], winner: int) -> None:
    """Each mark's number, on the side where its neighbours are far."""
    places = np.array([axes.transData.transform((mark.cost, mark.bound)) for mark in marks])
    for mark, place in zip(marks, places, strict=True):
        away = place - places
        distance = np.hypot(*away.T)
        others = distance > 0
        push = (away[others] / distance[others, None] ** 3).sum(axis=0) if others.any() else np.zeros(2)
        length = float(np.hypot(*push))
        away_by = _STAR_POINTS if mark.number == winner else _LABEL_POINTS
        offset = (push / length if length > 0 else np.array((1.0, 0.0))) * away_by
        axes.annotate(
            str(mark.number),
            (mark.cost, mark.bound),
            textcoords="offset points",
            xytext=(float(offset[0]), float(offset[1])),
            ha="center",
            va="center",
            fontsize=9,
        )
