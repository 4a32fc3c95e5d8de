"""The clock tree: HOCO, MOCO, PLL, dividers, and the wait states that flash and SRAM need at the resulting speed.

Sources: registers and fields, Renesas FSP 6.3.1, R7FA6E10F.h; limits, mcu/ra6e1/bsp_feature.h and r_flash_hp.c; orders,
bsp_clocks.c. How long an oscillator takes to be stable is not published there: the times here are assumptions.
What silicon would ignore, or run out of its limits, is an error that names the register.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .faults import MachineFault
from .power import Protection
from .registers import Bus, Cell, Register
from .virtual_time import PICOSECONDS, VirtualTime

_SYSTEM = 0x4001_E000
_MOCO_HZ = 8_000_000
_HOCO_HZ = {0: 16_000_000, 1: 18_000_000, 2: 20_000_000}
_RESET_DIVIDERS = 0x2202_2222
_HOCOSF, _PLLSF = 1 << 0, 1 << 5
_HOCO_START, _PLL_START = 100 * PICOSECONDS // 10**6, 60 * PICOSECONDS // 10**6
_SOURCE_HOCO, _SOURCE_MOCO, _SOURCE_PLL = 0, 1, 5
_SOURCES = {_SOURCE_HOCO: "HOCO", _SOURCE_MOCO: "MOCO", _SOURCE_PLL: "PLL"}
_PLL_INPUT = (8_000_000, 24_000_000)
_PLL_OUTPUT = (120_000_000, 200_000_000)
_FIELDS = {"ICLK": 24, "BCLK": 16, "PCLKA": 12, "PCLKB": 8, "PCLKC": 4, "PCLKD": 0, "FCLK": 28}
_LIMITS_MHZ = {"ICLK": 200, "BCLK": 50, "PCLKA": 100, "PCLKB": 50, "PCLKC": 50, "PCLKD": 100, "FCLK": 50}
_FLASH_STEP_HZ = 50_000_000
_SRAM_WITHOUT_WAIT_HZ = 100_000_000


@dataclass(frozen=True)
class Frequencies:
    """In Hz. `waits`: what ICLK demands of FLWT and SRAMWTSC is met."""

    iclk: int
    pclka: int
    fclk: int


class WaitStates:
    """FLWT and SRAMWTSC: set by the caches and the SRAM, judged by the clocks."""

    def __init__(self) -> None:
        self.flash = 0
        self.sram = 1
        self.check: Callable[[], None] = lambda: None


class ClockTree:
    """The registers of the clock generation circuit.

    Args:
        changed: called with the new frequencies.
        hoco_starts: whether the HOCO ever becomes stable (a broken one is injected).
    """

    def __init__(
        self,
        bus: Bus,
        protection: Protection,
        time: VirtualTime,
        waits: WaitStates,
        changed: Callable[[Frequencies], None],
        hoco_starts: Callable[[], bool],
    ) -> None:
        self._protection, self._time, self._waits = protection, time, waits
        self._changed, self._hoco_starts = changed, hoco_starts
        self._flags = 0
        self._dividers, self._source = Cell(_RESET_DIVIDERS), Cell(_SOURCE_MOCO)
        self._pll_control, self._pll_stop = Cell(0), Cell(1, 1)
        self._hoco_stop, self._hoco_frequency = Cell(1, 1), Cell(3, 3)
        self._add(bus, "SCKDIVCR", 0x20, 4, self._dividers, self._write_dividers)
        self._add(bus, "SCKSCR", 0x26, 1, self._source, self._write_source)
        self._add(bus, "PLLCCR", 0x28, 2, self._pll_control, self._write_pll_control)
        self._add(bus, "PLLCR", 0x2A, 1, self._pll_stop, self._write_pll_stop)
        self._add(bus, "HOCOCR", 0x36, 1, self._hoco_stop, self._write_hoco_stop)
        self._add(bus, "HOCOCR2", 0x37, 1, self._hoco_frequency, self._write_hoco_frequency)
        bus.add(Register("OSCSF", _SYSTEM + 0x3C, 1, lambda: self._flags))
        bus.add(Register("OPCCR", _SYSTEM + 0xA0, 1, lambda: 0))
        bus.add(Register("MOSCCR", _SYSTEM + 0x32, 1, lambda: 1, self._write_crystal))
        waits.check = self._check_waits

    @property
    def frequencies(self) -> Frequencies:
        """What runs now."""
        return Frequencies(*(self._frequency(name) for name in ("ICLK", "PCLKA", "FCLK")))

    def _add(self, bus: Bus, name: str, offset: int, width: int, cell: Cell, write: Callable[[int], None]) -> None:
        def guarded(value: int) -> None:
            self._protection.demand(0, name)
            write(value)

        bus.add(Register(name, _SYSTEM + offset, width, cell.read, guarded))

    def _source_hz(self) -> int:
        source = self._source.value
        if source == _SOURCE_MOCO:
            return _MOCO_HZ
        hoco = _HOCO_HZ.get(self._hoco_frequency.value, 0)
        return hoco if source == _SOURCE_HOCO else self._pll_hz()

    def _pll_hz(self) -> int:
        control = self._pll_control.value
        hoco = _HOCO_HZ.get(self._hoco_frequency.value, 0)
        return hoco // ((control & 3) + 1) * ((control >> 8 & 0x3F) + 1) // 2

    def _frequency(self, name: str) -> int:
        return self._source_hz() >> (self._dividers.value >> _FIELDS[name] & 7)

    def _write_dividers(self, value: int) -> None:
        self._switch("SCKDIVCR", self._dividers, value)

    def _write_source(self, value: int) -> None:
        if value not in _SOURCES:
            raise MachineFault(f"SCKSCR was written with {value}: only HOCO, MOCO and PLL are on this board")
        if value == _SOURCE_PLL and not self._flags & _PLLSF:
            raise MachineFault("SCKSCR chose the PLL before it is stable: OSCSF.PLLSF is 0")
        if value == _SOURCE_HOCO and not self._flags & _HOCOSF:
            raise MachineFault("SCKSCR chose the HOCO before it is stable: OSCSF.HOCOSF is 0")
        self._switch("SCKSCR", self._source, value)

    def _switch(self, register: str, cell: Cell, value: int) -> None:
        cell.write(value)
        for name, limit in _LIMITS_MHZ.items():
            if self._frequency(name) > limit * 10**6:
                mhz = self._frequency(name) / 10**6
                raise MachineFault(f"{register} = {value:#x} makes {name} {mhz:g} MHz; its limit is {limit} MHz")
        if self._frequency("BCLK") != self._frequency("PCLKB"):
            raise MachineFault(f"{register} = {value:#x}: BCK and PCKB of SCKDIVCR must be the same")
        self._check_waits()
        self._changed(self.frequencies)

    def _check_waits(self) -> None:
        iclk = self._frequency("ICLK")
        needed = (iclk - 1) // _FLASH_STEP_HZ
        if self._waits.flash < needed:
            raise MachineFault(
                f"FLWT is {self._waits.flash}, but ICLK of {iclk / 10**6:g} MHz needs {needed} wait states of flash",
                hint="write FLWT before the core becomes faster",
            )
        if self._waits.sram == 0 and iclk > _SRAM_WITHOUT_WAIT_HZ:
            raise MachineFault(f"SRAMWTSC is 0, but ICLK of {iclk / 10**6:g} MHz needs a wait state of the SRAM")

    def _write_hoco_stop(self, value: int) -> None:
        was_stopped = self._hoco_stop.value
        self._hoco_stop.write(value)
        if self._hoco_stop.value:
            self._flags &= ~_HOCOSF
        elif was_stopped:
            if self._hoco_frequency.value not in _HOCO_HZ:
                raise MachineFault("HOCOCR started the HOCO while HOCOCR2 names no frequency (HCFRQ0 is 11)")
            self._time.after(_HOCO_START, self._hoco_stable)

    def _hoco_stable(self) -> None:
        if self._hoco_starts() and not self._hoco_stop.value:
            self._flags |= _HOCOSF

    def _write_hoco_frequency(self, value: int) -> None:
        if not self._hoco_stop.value:
            raise MachineFault("HOCOCR2 was written while the HOCO runs: HOCOCR.HCSTP must be 1")
        self._hoco_frequency.write(value)

    def _write_pll_control(self, value: int) -> None:
        if not self._pll_stop.value:
            raise MachineFault("PLLCCR was written while the PLL runs: PLLCR.PLLSTP must be 1")
        self._pll_control.write(value)

    def _write_pll_stop(self, value: int) -> None:
        was_stopped = self._pll_stop.value
        self._pll_stop.write(value)
        if self._pll_stop.value:
            if self._source.value == _SOURCE_PLL:
                raise MachineFault("PLLCR stopped the PLL while it is the system clock (SCKSCR is 5)")
            self._flags &= ~_PLLSF
        elif was_stopped:
            self._start_pll()

    def _start_pll(self) -> None:
        control = self._pll_control.value
        if not control & 1 << 4:
            raise MachineFault("PLLCCR.PLSRCSEL is 0: the main clock oscillator has no crystal on this board")
        if not self._flags & _HOCOSF:
            raise MachineFault(
                "PLLCR started the PLL from the HOCO before that is stable: OSCSF.HOCOSF is 0",
                hint="wait for OSCSF.HOCOSF before PLLCR is written",
            )
        reference = _HOCO_HZ[self._hoco_frequency.value] // ((control & 3) + 1)
        for what, hertz, (least, most) in (("input", reference, _PLL_INPUT), ("output", self._pll_hz(), _PLL_OUTPUT)):
            if not least <= hertz <= most:
                limits = f"{least // 10**6}..{most // 10**6} MHz"
                raise MachineFault(f"PLLCCR = {control:#x} makes the PLL's {what} {hertz / 10**6:g} MHz, not {limits}")
        self._time.after(_PLL_START, self._pll_stable)

    def _pll_stable(self) -> None:
        if not self._pll_stop.value:
            self._flags |= _PLLSF

    def _write_crystal(self, value: int) -> None:
        if not value & 1:
            raise MachineFault("MOSCCR started the main clock oscillator: no crystal is fitted on this board")
