"""A number with its source: nothing is printed or stored without one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Source(StrEnum):
    """Where a number comes from; docs/architecture.md defines the words."""

    MEASURED = "measured"  # a hardware counter on a board
    MODELLED = "modelled"  # by a simulator: executed instructions, and the cycles that a documented model gives them
    PREDICTED = "predicted"  # from the graph alone
    LINKED = "linked"  # from the ELF
    HOST = "host"  # computed on the host from recordings
    TARGET = "target"  # computed on the target from recordings


@dataclass(frozen=True)
class Measurement:
    """`lower` and `upper` bound the value where it is an estimate (95 % interval), else they are None."""

    name: str
    value: float
    unit: str
    source: Source
    lower: float | None = None
    upper: float | None = None
