"""What a unit of each amount of `work.Work` costs on a Cortex-M33, for the firmware as it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Unit(StrEnum):
    """What a prediction counts: modelled cycles if no memory waits, or executed instructions."""

    CYCLES = "cycles"
    INSTRUCTIONS = "instructions"


class Rate(NamedTuple):
    """Of one unit of an amount; negative where a part of a routine takes a shorter way."""

    cycles: float
    instructions: float

    def of(self, unit: Unit) -> float:
        """The one or the other."""
        return self.cycles if unit is Unit.CYCLES else self.instructions


Coefficients = Mapping[str, Mapping[str, Rate]]
"""By routine and amount."""
