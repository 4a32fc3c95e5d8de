"""What an image costs, who knows it, and what a board allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from ..errors import ConfigurationFault
from ..frontend.specification import FrontendSpec
from ..graph.graph import Graph


@dataclass(frozen=True)
class Costs:
    """`rom` and `ram` in bytes, linked; `cycles` of one decision, front end and network, predicted; `latency` in
    seconds: those cycles at the board's clock, and what waiting for its memories may add."""

    rom: int
    ram: int
    cycles: int
    latency: float


class CostModel(Protocol):
    """Who builds an image and reads its size. It lives where boards are known."""

    @property
    def identity(self) -> str:
        """Changes when the same graph may get other costs: part of the key of stored results."""
        ...

    def measure(self, graph: Graph, specification: FrontendSpec) -> Costs:
        """Build the image of `graph` behind this front end."""
        ...


@dataclass(frozen=True)
class Budgets:
    """The most that an image may cost: bytes, bytes, seconds."""

    rom: int
    ram: int
    latency: float

    def excess(self, costs: Costs) -> Mapping[str, float]:
        """By how much each budget is exceeded, as a share of it; ≤ 0 where it is kept."""
        return {
            "rom": costs.rom / self.rom - 1,
            "ram": costs.ram / self.ram - 1,
            "latency": costs.latency / self.latency - 1,
        }

    def fits(self, costs: Costs) -> bool:
        """Whether all are kept."""
        return max(self.excess(costs).values()) <= 0


def unmet_budget(budgets: Budgets, nearest: Costs, label: str, *, where: str) -> ConfigurationFault:
    """The error that no candidate keeps the budgets: which of them `nearest` exceeds, and by how much."""
    lines = {
        "rom": f"flash: {nearest.rom:,} bytes needed, {budgets.rom:,} allowed, {nearest.rom - budgets.rom:,} too many",
        "ram": f"RAM: {nearest.ram:,} bytes needed, {budgets.ram:,} allowed, {nearest.ram - budgets.ram:,} too many",
        "latency": (
            f"latency: {nearest.latency * 1e3:.3f} ms needed, {budgets.latency * 1e3:.3f} ms allowed, "
            f"{(nearest.latency - budgets.latency) * 1e3:.3f} ms too many"
        ),
    }
    exceeded = [lines[name] for name, share in budgets.excess(nearest).items() if share > 0]
    return ConfigurationFault(
        f"no network keeps both the accuracy and the budget; {'; '.join(exceeded)}",
        where=where,
        hint=f"the nearest is: {label}. Allow more, widen --margin, or try more with --trials",
    )
