"""The core's own registers: System Control Block, FPU, cycle counter.

Sources: Armv8-M ARM (DDI0553), D1.2; identity of a Cortex-M33 r0p4: Cortex-M33 TRM (100230), table B1-1.
"""

from __future__ import annotations

from collections.abc import Callable

from .faults import ChipReset, MachineFault
from .registers import Bus, Cell, Register

_SCS, _DWT = 0xE000_E000, 0xE000_1000
_VECTOR_KEY, _SYSRESETREQ = 0x05FA, 1 << 2
_TRCENA, _CYCCNTENA = 1 << 24, 1
_IDENTITY = {
    0xD00: ("CPUID", 0x410F_D214),
    0xD40: ("ID_PFR0", 0x30), 0xD44: ("ID_PFR1", 0x210), 0xD48: ("ID_DFR0", 0x0020_0000), 0xD4C: ("ID_AFR0", 0),
    0xD50: ("ID_MMFR0", 0x0010_1F40), 0xD54: ("ID_MMFR1", 0), 0xD58: ("ID_MMFR2", 0x0100_0000), 0xD5C: ("ID_MMFR3", 0),
    0xD60: ("ID_ISAR0", 0x0110_1110), 0xD64: ("ID_ISAR1", 0x0221_2000), 0xD68: ("ID_ISAR2", 0x2023_2232),
    0xD6C: ("ID_ISAR3", 0x0111_1131), 0xD70: ("ID_ISAR4", 0x0131_0132), 0xD74: ("ID_ISAR5", 0),
    0xD78: ("CLIDR", 0), 0xD7C: ("CTR", 0x8000_C000), 0xD90: ("MPU_TYPE", 0x800), 0xDD4: ("SAU_TYPE", 0),
    0xF40: ("MVFR0", 0x1011_0021), 0xF44: ("MVFR1", 0x1100_0011), 0xF48: ("MVFR2", 0x40),
}  # fmt: skip
_STORAGE = {
    0xD04: "ICSR", 0xD08: "VTOR", 0xD10: "SCR", 0xD14: "CCR", 0xD18: "SHPR1", 0xD1C: "SHPR2", 0xD20: "SHPR3",
    0xD24: "SHCSR", 0xD28: "CFSR", 0xD2C: "HFSR", 0xD30: "DFSR", 0xD34: "MMFAR", 0xD38: "BFAR", 0xD3C: "AFSR",
    0xD88: "CPACR", 0xD8C: "NSACR", 0xD94: "MPU_CTRL", 0xDD0: "SAU_CTRL", 0xF34: "FPCCR",
}  # fmt: skip


class CoreRegisters:
    """`cycles` is what CYCCNT counts, once it is enabled."""

    def __init__(self, bus: Bus, cycles: Callable[[], int]) -> None:
        self._cycles = cycles
        self._zero = 0
        self._stopped_at = 0
        self._trace = bus.add_cell("DEMCR", _SCS + 0xDFC, 4)
        self._control = Cell(0x4000_0000, _CYCCNTENA)
        for offset, (name, value) in _IDENTITY.items():
            bus.add(Register(name, _SCS + offset, 4, Cell(value).read))
        for offset, name in _STORAGE.items():
            bus.add_cell(name, _SCS + offset, 4)
        bus.add(
            Register("AIRCR", _SCS + 0xD0C, 4, lambda: 0xFA05_0000, self._write_reset),
            Register("ICIALLU", _SCS + 0xF50, 4, None, lambda value: None),
            Register("DWT_CTRL", _DWT, 4, self._control.read, self._write_control),
            Register("DWT_CYCCNT", _DWT + 4, 4, self._read_count, self._write_count, ticks=True),
        )

    def _write_reset(self, value: int) -> None:
        if value >> 16 == _VECTOR_KEY and value & _SYSRESETREQ:
            raise ChipReset("AIRCR.SYSRESETREQ")

    def _read_count(self) -> int:
        if not self._control.value & _CYCCNTENA:
            return self._stopped_at
        return (self._cycles() - self._zero) & 0xFFFF_FFFF

    def _write_count(self, value: int) -> None:
        self._stopped_at = value
        self._zero = self._cycles() - value

    def _write_control(self, value: int) -> None:
        if not self._trace.value & _TRCENA:
            raise MachineFault("DWT_CTRL was written while DEMCR.TRCENA is 0: the DWT does not run")
        count = self._read_count()
        self._control.write(value)
        self._write_count(count)
