"""Flash cache, C-cache and S-cache, the flash's wait states, and the SRAM's. Source: Renesas FSP 6.3.1, R7FA6E10F.h."""

from __future__ import annotations

from collections.abc import Callable

from .clocks import WaitStates
from .faults import MachineFault
from .registers import Bus, Cell, Register

_FCACHE, _CACHE, _SRAM = 0x4001_C000, 0x4000_7000, 0x4000_2000
_SRAM_KEY = 0x78


class Caches:
    """`changed(cached)` is called when the wait states or the flash cache's state may have changed."""

    def __init__(self, bus: Bus, waits: WaitStates, changed: Callable[[bool], None]) -> None:
        self._waits, self._changed = waits, changed
        self._enabled = Cell(0, 1)
        self._sram_open = False
        self.c_cache = Cell(0, 1)
        bus.add(
            Register("FCACHEE", _FCACHE + 0x100, 2, self._enabled.read, self._write_enable),
            Register("FCACHEIV", _FCACHE + 0x104, 2, lambda: 0, lambda value: self._tell()),
            Register("FLWT", _FCACHE + 0x11C, 1, lambda: waits.flash, self._write_flash_waits),
            Register("SRAMPRCR2", _SRAM + 0x0C, 1, lambda: int(self._sram_open), self._write_protection),
            Register("SRAMWTSC", _SRAM + 0x08, 1, lambda: waits.sram, self._write_sram_waits),
        )
        bus.add_cell("CCACTL", _CACHE + 0x00, 4, self.c_cache)
        bus.add_cell("CCAFCT", _CACHE + 0x04, 4, Cell(0, 0))  # a flush is over at once
        bus.add_cell("CCALCF", _CACHE + 0x08, 4, Cell(1, 3))
        bus.add_cell("SCACTL", _CACHE + 0x40, 4, Cell(0, 1))
        bus.add_cell("SCAFCT", _CACHE + 0x44, 4, Cell(0, 0))
        bus.add_cell("SCALCF", _CACHE + 0x48, 4, Cell(1, 3))

    def _tell(self) -> None:
        self._changed(bool(self._enabled.value))

    def _write_enable(self, value: int) -> None:
        self._enabled.write(value)
        self._tell()

    def _write_flash_waits(self, value: int) -> None:
        self._waits.flash = value & 7
        self._waits.check()
        self._tell()

    def _write_protection(self, value: int) -> None:
        if value >> 1 != _SRAM_KEY:
            raise MachineFault(f"SRAMPRCR2 was written with {value:#x}: without the key {_SRAM_KEY:#x} in bits 7 to 1")
        self._sram_open = bool(value & 1)

    def _write_sram_waits(self, value: int) -> None:
        if not self._sram_open:
            raise MachineFault("SRAMWTSC was written while SRAMPRCR2 is locked: the chip ignores that")
        self._waits.sram = value & 1
        self._waits.check()
        self._tell()
