"""The flash control sequencer (FACI, flash version 40): code flash is erased and programmed by commands.

Source for registers, flags, commands, key codes and worst times: Renesas FSP 6.3.1, R7FA6E10F.h and r_flash_hp.c.
What the FACI itself reports by flags (an illegal command, a failed operation) is reported by flags; what silicon leaves
undefined (a wrong frequency, programming cells that are not erased, an address in option-setting memory) is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from . import memory_map as map_
from .factory import is_option_memory
from .faults import MachineFault, OptionMemoryFault, PowerLoss
from .injection import FaultPlan
from .registers import Bus, Cell, Register
from .virtual_time import PICOSECONDS, VirtualTime

_FACI, _COMMANDS, _FWEPROR = 0x407F_E000, 0x407E_0000, 0x4001_E416
_CFAE, _CMDLK = 1 << 7, 1 << 4
_PRGERR, _ERSERR, _ILGLERR, _FRDY = 1 << 12, 1 << 13, 1 << 14, 1 << 15
_PROGRAM, _ERASE, _FORCED_STOP, _CLEAR_STATUS, _FINAL = 0xE8, 0x20, 0xB3, 0x50, 0xD0
_CONFIG_SET, _BLANK_CHECK, _SUSPEND = 0x40, 0x71, 0xB0
_NOT_MODELLED = {_CONFIG_SET: "configuration set", _BLANK_CHECK: "blank check", _SUSPEND: "suspend"}
_HALFWORDS = map_.PROGRAM_UNIT // 2
_ENTRY_KEY, _PROTECTION_KEY, _FREQUENCY_KEY, _CODE_MODE = 0xAA, 0xD9, 0x1E, 0x01
_LEAST_FCLK, _MOST_FCLK = 4_000_000, 50_000_000
_MICROSECOND = PICOSECONDS // 10**6
_PROGRAM_TIME = 15_800 * _MICROSECOND
_ERASE_TIME = {map_.SMALL_BLOCK: 260_000 * _MICROSECOND, map_.LARGE_BLOCK: 1_040_000 * _MICROSECOND}
_STOP_TIME = 20 * _MICROSECOND


class CodeFlash(Protocol):
    """The cells: what the machine lets the FACI do with the memory."""

    def read_memory(self, address: int, size: int) -> bytes: ...

    def write_memory(self, address: int, data: bytes) -> None: ...

    def set_flash_visible(self, *, visible: bool) -> None: ...


class Faci:
    """Commands go to `_COMMANDS`, 8 bits each, data 16 bits. `fclk` tells the frequency of the flash clock in Hz."""

    def __init__(
        self,
        bus: Bus,
        flash: CodeFlash,
        time: VirtualTime,
        plan: FaultPlan,
        c_cache: Cell,
        fclk: Callable[[], int],
    ) -> None:
        self._flash, self._time, self._plan, self._c_cache = flash, time, plan, c_cache
        self._fclk = fclk
        self._errors = 0
        self._access_error = 0
        self._busy = False
        self._command = 0
        self._data: list[int] = []
        self._awaits_count = False
        self._entry = self._announced = 0
        self._locked = True
        self._permitted = bus.add_cell("FWEPROR", _FWEPROR, 1, Cell(2, 3))
        self._start = bus.add_cell("FSADDR", _FACI + 0x30, 4)
        bus.add_cell("FEADDR", _FACI + 0x34, 4)
        bus.add_cell("FAEINT", _FACI + 0x14, 1, Cell(0x98))
        bus.add_cell("FCPSR", _FACI + 0xE0, 2, Cell(0, 1))
        bus.add(
            Register("FASTAT", _FACI + 0x10, 1, self._read_access_status, self._write_access_status),
            Register("FMEPROT", _FACI + 0x44, 2, lambda: int(self._locked), self._write_protection),
            Register("FSTATR", _FACI + 0x80, 4, self._read_status),
            Register("FENTRYR", _FACI + 0x84, 2, lambda: self._entry, self._write_entry),
            Register("FPCKAR", _FACI + 0xE4, 2, lambda: self._announced, self._write_frequency),
            Register("FACI command", _COMMANDS, 1, None, self._write_command),
            Register("FACI data", _COMMANDS, 2, None, self._write_data),
        )

    @property
    def erasing_or_programming(self) -> bool:
        """Whether P/E mode is on, so that code flash can't be read."""
        return bool(self._entry)

    def _read_access_status(self) -> int:
        locked = _CMDLK if self._errors or self._access_error else 0
        return self._access_error | locked

    def _write_access_status(self, value: int) -> None:
        self._access_error &= value

    def _read_status(self) -> int:
        return self._errors | (0 if self._busy else _FRDY)

    def _write_protection(self, value: int) -> None:
        if value >> 8 != _PROTECTION_KEY:
            raise MachineFault(f"FMEPROT was written with {value:#06x}: without the key {_PROTECTION_KEY:#x}")
        if self._entry:
            raise MachineFault("FMEPROT was written in P/E mode: FENTRYR must be 0")
        self._locked = bool(value & 1)

    def _write_frequency(self, value: int) -> None:
        if value >> 8 != _FREQUENCY_KEY:
            raise MachineFault(f"FPCKAR was written with {value:#06x}: without the key {_FREQUENCY_KEY:#x}")
        self._announced = value & 0xFF

    def _write_entry(self, value: int) -> None:
        if value >> 8 != _ENTRY_KEY:
            raise MachineFault(f"FENTRYR was written with {value:#06x}: without the key {_ENTRY_KEY:#x}")
        mode = value & 0xFF
        if mode not in (0, _CODE_MODE):
            raise MachineFault(f"FENTRYR was written with {value:#06x}: only P/E of code flash is modelled")
        if mode and self._locked:
            raise MachineFault("FENTRYR asked for P/E of code flash while FMEPROT protects it: write 0xD900 before")
        if mode and self._permitted.value != 1:
            raise MachineFault("FENTRYR asked for P/E while FWEPROR does not permit it: write 1 before")
        if mode and self._c_cache.value:
            raise MachineFault("FENTRYR asked for P/E while the C-cache is on: write 0 to CCACTL before")
        if self._busy:
            raise MachineFault("FENTRYR was written while the FACI is busy: FSTATR.FRDY is 0")
        if mode:
            self._check_frequency()
        self._entry = mode
        self._flash.set_flash_visible(visible=not mode)

    def _check_frequency(self) -> None:
        fclk = self._fclk()
        if not _LEAST_FCLK <= fclk <= _MOST_FCLK:
            raise MachineFault(f"FCLK is {fclk / 10**6:g} MHz: erasing and programming need 4 to 50 MHz")
        wanted = -(-fclk // 10**6)
        if self._announced != wanted:
            raise MachineFault(f"FPCKAR says {self._announced} MHz, but FCLK is {wanted} MHz")

    def _write_command(self, value: int) -> None:
        if not self._entry:
            self._illegal()
        elif value == _FORCED_STOP:
            self._forced_stop()
        elif self._busy:
            self._illegal()
        elif self._awaits_count:
            self._awaits_count = False
            if value != _HALFWORDS:
                self._illegal()
        elif value == _CLEAR_STATUS:
            self._errors = 0
        elif self._errors or self._access_error:
            self._illegal()
        elif value in _NOT_MODELLED:
            if value == _CONFIG_SET:
                raise OptionMemoryFault(f"FACI: configuration set for {self._start.value:#010x}: option-setting memory")
            raise MachineFault(f"FACI: the command {_NOT_MODELLED[value]} ({value:#04x}) is not modelled")
        elif value == _FINAL:
            self._execute()
        elif value in (_PROGRAM, _ERASE) and not self._command:
            self._command, self._data, self._awaits_count = value, [], value == _PROGRAM
        else:
            self._illegal()

    def _write_data(self, value: int) -> None:
        if self._command != _PROGRAM or self._awaits_count or len(self._data) == _HALFWORDS:
            self._illegal()
        else:
            self._data.append(value)

    def _illegal(self) -> None:
        self._errors |= _ILGLERR
        self._command, self._awaits_count = 0, False

    def _forced_stop(self) -> None:
        self._errors, self._command, self._awaits_count = 0, 0, False
        self._busy = True
        self._time.after(_STOP_TIME, self._ready)

    def _ready(self) -> None:
        self._busy = False

    def _execute(self) -> None:
        command, self._command = self._command, 0
        address = self._start.value
        if is_option_memory(address):
            raise OptionMemoryFault(f"FSADDR is {address:#010x}: option-setting memory must never be written")
        if address >= map_.CODE_FLASH_BYTES:
            self._access_error |= _CFAE
            self._illegal()
            return
        if command == _PROGRAM and len(self._data) == _HALFWORDS and address % map_.PROGRAM_UNIT == 0:
            data = b"".join(value.to_bytes(2, "little") for value in self._data)
            self._operate(address, data, _PROGRAM_TIME, _PRGERR)
        elif command == _ERASE and address == map_.erase_block_of(address)[0]:
            size = map_.erase_block_of(address)[1]
            self._operate(address, bytes([map_.ERASED]) * size, _ERASE_TIME[size], _ERSERR)
        else:
            self._illegal()

    def _operate(self, address: int, data: bytes, time: int, failure: int) -> None:
        before = self._flash.read_memory(address, len(data))
        if failure == _PRGERR and any(byte != map_.ERASED for byte in before):
            raise MachineFault(f"{address:#010x} was programmed without having been erased", where="FACI")
        number = self._plan.next_operation()
        if number == self._plan.power_cut:
            self._plan.power_cut = None
            done = self._plan.random.randrange(len(data) + 1)
            rubbish = bytes(self._plan.random.randrange(256) for _ in data[done : done + 64])
            self._flash.write_memory(address, data[:done] + rubbish + before[done + len(rubbish) :])
            raise PowerLoss
        self._busy = True
        self._time.after(
            time, lambda: self._finish(address, data, failure if number == self._plan.program_error else 0)
        )

    def _finish(self, address: int, data: bytes, failure: int) -> None:
        """A failed operation leaves half of its cells as they are to be."""
        self._busy = False
        self._errors |= failure
        self._flash.write_memory(address, data if not failure else data[: len(data) // 2])
