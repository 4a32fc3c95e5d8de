"""Faults that a test asks for: what goes wrong, and at which operation of the flash."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class FaultPlan:
    """Operations of the flash are counted from 0, erasures and programmings together, since the plan was made or armed.

    Attributes:
        power_cut: the operation in which the supply fails; None for never.
        program_error: the operation that ends in PRGERR or ERSERR; None for never.
        hoco_starts: whether the HOCO becomes stable.
        watchdog: milliseconds after which a watchdog that OFS0 starts resets the chip; None where it starts none.
        seed: of what is left in cells whose operation was cut short, and of RAM after power-on.
    """

    power_cut: int | None = None
    program_error: int | None = None
    hoco_starts: bool = True
    seed: int = 0
    watchdog: int | None = None
    operations: int = 0
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def arm_power_cut(self, after: int) -> None:
        """Let the supply fail in the operation that comes after so many others from now on."""
        self.power_cut = self.operations + after

    def arm_program_error(self, after: int) -> None:
        """Let the operation fail that comes after so many others from now on."""
        self.program_error = self.operations + after

    def next_operation(self) -> int:
        """The number of the operation that begins."""
        number, self.operations = self.operations, self.operations + 1
        return number
