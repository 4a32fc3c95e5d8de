"""A profile as rows of text: what the terminal and the page both show, so that they can't disagree. Plain ASCII."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .figures import FunctionCost, ImageProfile, LayerCost

ABSENT = "-"


@dataclass(frozen=True)
class CostRow:
    """A stage, a layer, or (`whole`) the front end or the network, which `part` names.

    `share` is of front end and network together, `read` bytes read; `error` is the prediction's.
    """

    part: str
    whole: bool
    name: str
    kind: str
    calls: str
    instructions: str
    cycles: str
    waits: str
    share: str
    read: str
    per_mac: str
    predicted: str
    error: str


@dataclass(frozen=True)
class FunctionRow:
    """`cycles`, `waits`, `instructions`, `read` and `share` are its own; `inclusive` with what it calls."""

    name: str
    calls: str
    instructions: str
    cycles: str
    waits: str
    share: str
    read: str
    inclusive: str


def cost_rows(profile: ImageProfile) -> list[CostRow]:
    """Front end and network, each followed by its parts in the order in which they run."""
    return list(_cost_rows(profile))


def function_rows(profile: ImageProfile) -> list[FunctionRow]:
    """The most own cycles first."""
    whole = whole_cycles(profile)
    return [_function_row(cost, whole) for cost in profile.functions]


def whole_cycles(profile: ImageProfile) -> float:
    """Zero-wait cycles of front end and network together."""
    return profile.frontend.cycles.low + profile.network.cycles.low


def count(value: float | None) -> str:
    return ABSENT if value is None else f"{value:,.0f}"


def percent(share: float | None) -> str:
    return ABSENT if share is None else f"{100 * share:.1f} %"


def signed_percent(share: float | None) -> str:
    """With its sign, unless it is too small to show: never −0.0."""
    if share is None:
        return ABSENT
    tenths = round(1000 * share)
    return f"{tenths / 10:+.1f} %" if tenths else "0.0 %"


def milliseconds(time: float) -> str:
    return f"{time:.2f} ms"


def _cost_rows(profile: ImageProfile) -> Iterator[CostRow]:
    whole = whole_cycles(profile)
    for part, total, parts in (
        ("frontend", profile.frontend, profile.stages),
        ("network", profile.network, profile.layers),
    ):
        yield _cost_row(part, True, total, whole)
        for cost in parts:
            yield _cost_row(part, False, cost, whole)


def _cost_row(part: str, is_whole: bool, cost: LayerCost, whole: float) -> CostRow:
    return CostRow(
        part=part,
        whole=is_whole,
        name=cost.name,
        kind=cost.kind,
        calls=count(cost.calls),
        instructions=count(cost.cycles.instructions),
        cycles=count(cost.cycles.low),
        waits=count(cost.cycles.high),
        share=percent(cost.cycles.low / whole if whole else None),
        read=count(cost.cycles.bytes_read),
        per_mac=ABSENT if cost.cycles_per_mac is None else f"{cost.cycles_per_mac:.2f}",
        predicted=count(cost.predicted),
        error=signed_percent(cost.error),
    )


def _function_row(cost: FunctionCost, whole: float) -> FunctionRow:
    return FunctionRow(
        name=cost.name,
        calls=count(cost.calls),
        instructions=count(cost.own.instructions),
        cycles=count(cost.own.low),
        waits=count(cost.own.high),
        share=percent(cost.own.low / whole if whole else None),
        read=count(cost.own.bytes_read),
        inclusive=count(cost.total.low),
    )
