"""What a contest finds. Needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

from ..search.rule import AccuracyRule
from .cells import Cell


@dataclass(frozen=True)
class MethodResult:
    """A method's smallest network that keeps accuracy, for each seed; None where even its largest does not."""

    family: str
    name: str
    title: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class VariantResult:
    """Our candidate, or a variant of it, with each of the first `seeds` seeds, but for those that could not be made."""

    title: str
    seeds: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ContestResult:
    """`seeds` by number; `methods` family by family, plain int8 first; `variants` of our candidate, itself first."""

    seeds: tuple[int, ...]
    rule: AccuracyRule
    methods: tuple[MethodResult, ...]
    variants: tuple[VariantResult, ...]
