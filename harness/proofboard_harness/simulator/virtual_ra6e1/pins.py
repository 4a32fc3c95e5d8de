"""Pin functions (PmnPFS) behind their locks PWPR and PMSAR, and the ports' outputs.

Sources: Renesas FSP 6.3.1, R7FA6E10F.h, bsp_io.h and system.c. After reset all pins are taken to be secure, so that
PMSAR must open them to PWPR, as FSP's start-up does.
"""

from __future__ import annotations

from dataclasses import dataclass

from .faults import MachineFault
from .power import Protection
from .registers import Bus, Cell, Register, Write

_PFS, _PWPR, _PMSAR, _PORT = 0x4008_0800, 0x4008_0D03, 0x4008_0D10, 0x4008_0000
_PORTS, _PINS, _SECURED_PORTS = 10, 16, 8
_B0WI, _PFSWE = 1 << 7, 1 << 6
_PMR, _PSEL_SHIFT, _PSEL_MASK = 1 << 16, 24, 0x1F


@dataclass(frozen=True)
class Pin:
    """Pin `number` of port `port`: P109 is Pin(1, 9)."""

    port: int
    number: int

    def __str__(self) -> str:
        return f"P{self.port}{self.number:02d}"


class Pins:
    """Every PmnPFS. `function` tells which peripheral a pin is given to."""

    def __init__(self, bus: Bus, protection: Protection) -> None:
        self._protection = protection
        self._lock = Cell(_B0WI)
        self._settings: dict[Pin, Cell] = {}
        self._nonsecure = [Cell(0, 0xFFFF) for _ in range(_SECURED_PORTS)]
        bus.add(Register("PWPR", _PWPR, 1, self._lock.read, self._write_lock))
        for port, cell in enumerate(self._nonsecure):
            bus.add(Register(f"PMSAR{port}", _PMSAR + 2 * port, 2, cell.read, self._security_writer(port, cell)))
        for port in range(_PORTS):
            bus.add_cell(f"PORT{port}.PCNTR1", _PORT + 0x20 * port, 4)
            bus.add(Register(f"PORT{port}.PCNTR3", _PORT + 0x20 * port + 8, 4, None, lambda value: None))
            for number in range(_PINS):
                self._add_pin(bus, Pin(port, number))

    def function(self, pin: Pin) -> int | None:
        """PSEL of a pin that is given to a peripheral; None for one that is not."""
        value = self._settings[pin].value
        return value >> _PSEL_SHIFT & _PSEL_MASK if value & _PMR else None

    def _add_pin(self, bus: Bus, pin: Pin) -> None:
        cell = self._settings[pin] = Cell()
        name = f"{pin}PFS"

        def write(value: int) -> None:
            if not self._lock.value & _PFSWE:
                raise MachineFault(
                    f"{name} was written while it is locked: PWPR.PFSWE is 0",
                    hint="write 0x00 and then 0x40 to PWPR before",
                )
            if pin.port < _SECURED_PORTS and not self._nonsecure[pin.port].value >> pin.number & 1:
                raise MachineFault(f"{name} was written while its bit of PMSAR{pin.port} is 0: PWPR does not open it")
            if cell.value & value & _PMR and (cell.value ^ value) >> _PSEL_SHIFT & _PSEL_MASK:
                raise MachineFault(f"PSEL of {name} was changed while PMR is 1: clear PMR first")
            cell.write(value)

        bus.add(Register(name, _PFS + 0x40 * pin.port + 4 * pin.number, 4, cell.read, write))

    def _security_writer(self, port: int, cell: Cell) -> Write:
        def write(value: int) -> None:
            self._protection.demand(4, f"PMSAR{port}")
            cell.write(value)

        return write

    def _write_lock(self, value: int) -> None:
        if value & _PFSWE and self._lock.value & _B0WI:
            raise MachineFault("PWPR.PFSWE was written while PWPR.B0WI is 1: write 0x00 to PWPR before")
        self._lock.write(value)
