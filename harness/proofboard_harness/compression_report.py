"""What `proofboard compress` leaves on the disk: the table as data and as Markdown, the plot of the front."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

from .compression_tables import explanation, points_of
from .product import SearchResult
from .report.codec import write_whole_bytes


def write_search(result: SearchResult, folder: Path) -> list[Path]:
    """Write `candidates.json`, `candidates.md` and `front.png` into `folder`."""
    files = {
        "candidates.json": json.dumps(
            {
                "winner": result.winner,
                "front": list(result.front),
                "seconds": result.seconds,
                "candidates": [point.to_json() for point in result.points],
            },
            indent=1,
        ).encode(),
        "candidates.md": markdown(result).encode(),
        "front.png": plot(result),
    }
    paths = []
    for name, content in files.items():
        write_whole_bytes(folder / name, content)
        paths.append(folder / name)
    return paths


def markdown(result: SearchResult) -> str:
    """The table, the smallest image first."""
    lines = [
        "| | # | candidate | ROM B | MACs | cycles | accuracy | ≥ | recall | ≥ | in rooms | ≥ | ECE % | true class |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    known = [(point.costs.rom, point.number, point) for point in result.points if point.costs is not None]
    for _, number, point in sorted(known, key=lambda entry: entry[:2]):
        figures = point.confirmation or point.figures
        assert point.costs is not None
        assert figures is not None
        mark = "★" if number == result.winner else "◆" if number in result.front else ""
        lines.append(
            f"| {mark} | {number} | {point.label} | {point.costs.rom:,} | {point.macs:,} | {point.costs.cycles:,} "
            f"| {figures.difference * 100:+.2f} | {figures.lower * 100:+.2f} "
            f"| {figures.recall_difference * 100:+.1f} | {figures.recall_lower * 100:+.1f} "
            f"| {points_of(figures.shift_difference)} | {points_of(figures.shift_lower)} "
            f"| {figures.calibration * 100:.1f} | {figures.margin_shift * 100:+.1f} |"
        )
    return "\n".join([*lines, "", *explanation(result), ""])


def plot(result: SearchResult) -> bytes:
    """PNG: ROM against the bound of accuracy, cycles as colour; the front, the margin and the winner marked."""
    # matplotlib takes a second to import: only who plots pays.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    known = [(p.number, p.costs, p.figures) for p in result.points if p.costs is not None and p.figures is not None]
    figure = Figure(figsize=(8, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    rom = {number: costs.rom / 1000 for number, costs, _ in known}
    bound = {number: figures.lower * 100 for number, _, figures in known}
    shown = axes.scatter(
        list(rom.values()),
        list(bound.values()),
        c=[costs.cycles / 1000 for _, costs, _ in known],
        cmap="viridis_r",
        zorder=3,
    )
    figure.colorbar(shown, label="thousand cycles a decision (predicted, if no memory waits)")
    front = [number for number in result.front if number in rom]
    axes.plot([rom[n] for n in front], [bound[n] for n in front], color="grey", linewidth=1, label="Pareto front")
    axes.axhline(-result.rule.margin * 100, color="red", linestyle="--", linewidth=1, label="margin")
    if result.winner in rom:
        place = (rom[result.winner], bound[result.winner])
        axes.scatter(*place, marker="*", s=260, facecolors="none", edgecolors="black", zorder=4, label="deployed")
    for number in rom:
        axes.annotate(str(number), (rom[number], bound[number]), textcoords="offset points", xytext=(5, 4), fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 1.2, 1.5, 2.0, 3.0, 5.0, 7.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("image in flash, kB (linked)")
    axes.set_ylabel("accuracy less baseline's, points: one-sided 95 % bound")
    axes.grid(True, linewidth=0.3)
    axes.legend(loc="best", framealpha=0.9)
    buffer = BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)
    return buffer.getvalue()
