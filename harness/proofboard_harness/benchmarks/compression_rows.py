"""Rows and tables of `proofboard bench compression`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..product import Cell, ContestResult, MethodResult, VariantResult
from .tables import BenchTable


@dataclass(frozen=True)
class MethodRow:
    """A method with one way to store its weights.

    Attributes:
        cells: the network of each seed; plain int8's where the method has none that keeps accuracy.
        roms: bytes of flash of each.
        kept: seeds where the method itself keeps accuracy.
    """

    title: str
    cells: tuple[Cell, ...]
    roms: tuple[int, ...]
    kept: int

    @property
    def mean_rom(self) -> float:
        """Over seeds."""
        return sum(self.roms) / len(self.roms)


def method_rows(result: ContestResult, family: str, decoders: Mapping[str, int]) -> list[MethodRow]:
    """One row a method, ours last; one more for magnitude pruning, with the weights stored sparse."""
    methods = [method for method in result.methods if method.family == family]
    fallback = next(method.cells for method in methods if method.name == "int8")
    rows = []
    for method in methods:
        cells = tuple(_chosen(own, plain) for own, plain in zip(method.cells, fallback, strict=True))
        rows.append(_row(method, method.title, cells, [cell.costs.rom for cell in cells]))
        if method.name == "magnitude":
            best = [sparse_rom(cell, decoders) for cell in cells]
            codings = ", ".join(dict.fromkeys(coding for coding, _ in best))
            rows.append(_row(method, f"the same, stored sparse ({codings})", cells, [rom for _, rom in best]))
    return rows


def _chosen(own: Cell | None, plain: Cell | None) -> Cell:
    cell = own or plain
    assert cell is not None  # plain int8 is always made
    return cell


def _row(method: MethodResult, title: str, cells: tuple[Cell, ...], roms: Sequence[int]) -> MethodRow:
    return MethodRow(title, cells, tuple(roms), sum(cell is not None for cell in method.cells))


def sparse_rom(cell: Cell, decoders: Mapping[str, int]) -> tuple[str, int]:
    """The coding that makes the image smallest, and its bytes of flash: as linked, less the dense weights, plus the
    coded ones and the code that runs them."""
    dense = cell.weight_bytes["dense"]
    sizes = {"dense": cell.costs.rom}
    for coding, code in decoders.items():
        sizes[coding] = cell.costs.rom - dense + cell.weight_bytes[coding] + code
    best = min(sizes, key=lambda coding: sizes[coding])
    return best, sizes[best]


def method_table(
    family: str, rows: Sequence[MethodRow], result: ContestResult, decoders: Mapping[str, int]
) -> BenchTable:
    """ROM at equal accuracy."""
    cells = tuple(
        (
            row.title,
            *_spread(row.roms),
            *_spread([cell.macs for cell in row.cells]),
            f"{_mean([cell.costs.cycles for cell in row.cells]):,.0f}",
            f"{_points([cell.figures.difference for cell in row.cells])}",
            f"{_points([cell.figures.recall_difference for cell in row.cells])}",
            f"{row.kept} of {len(result.seeds)}",
        )
        for row in rows
    )
    code = ", ".join(f"{coding} {size} B" for coding, size in decoders.items())
    return BenchTable(
        f"ROM at equal accuracy: {family}",
        ("method", "ROM B", "min–max", "MACs", "min–max", "cycles", "accuracy", "recall", "kept"),
        cells,
        (
            f"Means over {len(result.seeds)} seeds, each with a baseline of its own; for every seed the smallest image "
            "of a ladder of sizes that keeps accuracy by the application's rule "
            f"(margins {result.rule.margin * 100:g} and {result.rule.recall_margin * 100:g} points), found by "
            "bisection. Accuracy and recall: to the float32 baseline, in points, out of fold. Kept: seeds where the "
            "method keeps accuracy; for the others plain int8 is counted. ROM is linked, cycles are predicted, if no "
            "memory waits.",
            "Stored sparse: the linked image less its dense weights, plus the coded ones and the code of their kernel "
            f"({code}, compiled), by the coding that is smallest. MACs and cycles are of the dense kernels.",
        ),
    )


def lever_table(result: ContestResult) -> BenchTable:
    """Our candidate with one lever less, or more."""
    cells = tuple(_lever_row(variant, result) for variant in result.variants if variant.cells)
    return BenchTable(
        "Levers: our candidate with one less, or one more",
        ("candidate", "ROM B", "weights B", "MACs", "cycles", "accuracy", "min–max", "recall", "min–max", "kept"),
        cells,
        (
            f"Means over {max((variant.seeds for variant in result.variants), default=0)} seeds at one size, that of "
            "the search's first proposal. Differences are to the float32 baseline of the same seed, in points, out of "
            "fold.",
        ),
    )


def _lever_row(variant: VariantResult, result: ContestResult) -> tuple[str, ...]:
    made = variant.cells
    accuracy = [cell.figures.difference for cell in made]
    recall = [cell.figures.recall_difference for cell in made]
    return (
        variant.title,
        f"{_mean([cell.costs.rom for cell in made]):,.0f}",
        f"{_mean([cell.parameter_bytes for cell in made]):,.0f}",
        f"{_mean([cell.macs for cell in made]):,.0f}",
        f"{_mean([cell.costs.cycles for cell in made]):,.0f}",
        _points(accuracy),
        _range(accuracy),
        _points(recall),
        _range(recall),
        f"{sum(cell.kept(result.rule) for cell in made)} of {variant.seeds}",
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _spread(values: Sequence[int]) -> tuple[str, str]:
    low, high = min(values), max(values)
    return f"{_mean(values):,.0f}", f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _points(values: Sequence[float]) -> str:
    return f"{_mean(values) * 100:+.2f}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values) * 100:+.1f} … {max(values) * 100:+.1f}"
