"""Protection of the clock and power registers (PRCR) and the module stops.

Source: Renesas FSP, bsp_register_protection.c, R7FA6E10F.h and bsp_module_stop.h. Silicon ignores a write that PRCR
forbids; here it is an error.
"""

from __future__ import annotations

from .faults import MachineFault
from .registers import Bus, Register

_PRCR = 0x4001_E3FE
_KEY = 0xA5
_MSTPCR = 0x4008_4000


class Protection:
    """PRCR: bit 0 opens the clocks, bit 1 low power, bit 3 voltage detection, bit 4 security."""

    def __init__(self, bus: Bus) -> None:
        self._open = 0
        bus.add(Register("PRCR", _PRCR, 2, lambda: self._open, self._write))

    def demand(self, bit: int, register: str) -> None:
        """Raises MachineFault unless PRCR's bit lets the register be written."""
        if not self._open >> bit & 1:
            raise MachineFault(
                f"{register} was written while PRCR.PRC{bit} is 0: the chip ignores that",
                hint=f"write {_KEY << 8 | 1 << bit:#06x} to PRCR before",
            )

    def _write(self, value: int) -> None:
        if value >> 8 != _KEY:
            raise MachineFault(f"PRCR was written with {value:#06x}: without the key {_KEY:#x} in its high byte")
        self._open = value & 0x1B


class ModuleStop:
    """MSTPCRA to MSTPCRE: a module runs when its bit is 0. All are taken to be stopped after reset."""

    def __init__(self, bus: Bus) -> None:
        self._cells = {
            letter: bus.add_cell(f"MSTPCR{letter}", _MSTPCR + 4 * index, 4) for index, letter in enumerate("ABCDE")
        }
        for cell in self._cells.values():
            cell.value = 0xFFFF_FFFF

    def demand(self, module: str, letter: str, bit: int) -> None:
        """Raises MachineFault unless the module runs."""
        if self._cells[letter].value >> bit & 1:
            raise MachineFault(
                f"a register of {module} was used while it is stopped: MSTPCR{letter} bit {bit} is 1",
                hint=f"clear the bit before {module} is set up",
            )
