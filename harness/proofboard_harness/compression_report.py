"""What `proofboard compress` leaves on the disk: the table as data and as Markdown, the plot of the front."""

from __future__ import annotations

import json
from pathlib import Path

from .compression_front import plot
from .compression_tables import explanation, points_of
from .product import SearchResult
from .report.codec import write_whole_bytes

FRONT = "front.png"


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
        FRONT: plot(result),
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
