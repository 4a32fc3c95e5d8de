"""The independent watchdog (IWDT), as OFS0 may have it started by reset.

Source: Renesas FSP 6.3.1, R7FA6E10F.h and r_iwdt.c. Windows are not modelled: a refresh is right at any moment.
"""

from __future__ import annotations

from .faults import ChipReset
from .registers import Bus, Register
from .virtual_time import PICOSECONDS, VirtualTime

_IWDTRR = 0x4008_3200
_FIRST, _SECOND = 0x00, 0xFF


class Watchdog:
    """Counts from reset on. `milliseconds` without a refresh reset the chip; None: it stands.

    It is no event of virtual time: a program that waits would make time pass to it at once.
    """

    def __init__(self, bus: Bus, time: VirtualTime, milliseconds: int | None) -> None:
        self._time = time
        self._period = None if milliseconds is None else milliseconds * PICOSECONDS // 1000
        self._since = time.now
        self._begun = False
        bus.add(Register("IWDTRR", _IWDTRR, 1, lambda: _SECOND, self._write))

    def check(self) -> None:
        """Raises ChipReset when its time is over."""
        if self._period is not None and self._time.now - self._since >= self._period:
            raise ChipReset("the watchdog was not refreshed")

    def _write(self, value: int) -> None:
        if value == _SECOND and self._begun:
            self._since = self._time.now
        self._begun = value == _FIRST
