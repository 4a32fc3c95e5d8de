"""The core: Unicorn's Cortex-M33 with the chip's memories, led by what the machine asks. It knows no peripheral."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from unicorn import arm_const
from unicorn import unicorn_const as constants
from unicorn.unicorn_py3.unicorn import Uc, UcError

from . import memory_map as map_
from .faults import MachineFault
from .native import NativeCore

_NEVER = 0xFFFF_FFFE
_BKPT_EXCEPTION = 7
_EXCEPTIONS = {
    1: "an undefined instruction",
    2: "SVC, and there is no handler in this model",
    17: "an FPU instruction while CPACR forbids them",
    18: "an instruction outside Thumb state",
    19: "the stack pointer below MSPLIM: the stack overflowed",
    22: "an unaligned access that is not allowed",
    23: "a division by zero that is trapped",
}
"""Numbers of QEMU's target/arm/cpu.h, whose core Unicorn uses."""

_NAMES = ("PC", "SP", "LR", "XPSR", "MSP", "PSP", "PRIMASK", "BASEPRI", "FAULTMASK", "CONTROL", "FPSCR")
REGISTERS: dict[str, int] = {
    **{f"r{number}": getattr(arm_const, f"UC_ARM_REG_R{number}") for number in range(13)},
    **{name.lower(): getattr(arm_const, f"UC_ARM_REG_{name}") for name in _NAMES},
    **{f"d{number}": getattr(arm_const, f"UC_ARM_REG_D{number}") for number in range(16)},
}
"""Registers that can be read and written: 32 bits, the d ones 64."""


class Devices(Protocol):
    """What lies behind the ranges `DEVICES`."""

    def read(self, address: int, size: int) -> int: ...

    def write(self, address: int, size: int, value: int) -> None: ...


class Stop(Enum):
    """Why `run` came back."""

    REQUEST = "request"
    BREAKPOINT = "breakpoint"


class Cpu:
    """The core and its memories. Code flash can be executed and read, and written by `write_memory` only."""

    def __init__(self, core: NativeCore, devices: Devices) -> None:
        self._core = core
        self._devices = devices
        self._engine = Uc(constants.UC_ARCH_ARM, constants.UC_MODE_THUMB | constants.UC_MODE_MCLASS)
        self._engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M33)
        self._pending: BaseException | None = None
        self._stop = Stop.REQUEST
        self._breakpoints: set[int] = set()
        self._code_changed = True
        readable, executable = constants.UC_PROT_READ, constants.UC_PROT_READ | constants.UC_PROT_EXEC
        self._engine.mem_map(map_.CODE_FLASH, map_.CODE_FLASH_BYTES, executable)
        self._engine.mem_map(map_.DATA_FLASH, map_.DATA_FLASH_BYTES, readable)
        self._engine.mem_map(map_.SRAM, map_.SRAM_BYTES, constants.UC_PROT_ALL)
        for start, size in map_.DEVICES:
            self._engine.mmio_map(start, size, self._on_read, start, self._on_write, start)
        self._engine.hook_add(constants.UC_HOOK_INTR, self._on_exception)
        self._engine.hook_add(constants.UC_HOOK_MEM_INVALID, self._on_bad_access)
        core.attach(self._engine, [(map_.CODE_FLASH, map_.CODE_FLASH_BYTES), (map_.SRAM, map_.SRAM_BYTES)])
        self._after_reset = self._engine.context_save()

    def reset(self) -> None:
        """Registers as after reset, stack pointer and PC from the vector table at address 0."""
        self._engine.context_restore(self._after_reset)
        self._code_changed = True
        stack = int.from_bytes(self.read_memory(map_.CODE_FLASH, 4), "little")
        entry = int.from_bytes(self.read_memory(map_.CODE_FLASH + 4, 4), "little")
        self.write_register("sp", stack & ~3)
        self.write_register("pc", entry)

    def run(self) -> Stop:
        """Run until `stop`, or a breakpoint or BKPT, before which the PC then stands.

        Raises:
            MachineFault, PowerLoss, ChipReset: as the devices raise them, or the core itself has faulted.
        """
        if self.read_register("pc") in self._breakpoints:
            self._execute(count=1)
            if self._stop is not Stop.REQUEST:
                return self._stop
        self._execute(count=0)
        return Stop.BREAKPOINT if self.read_register("pc") in self._breakpoints else self._stop

    def step(self) -> None:
        """Execute one instruction."""
        self._execute(count=1)

    def stop(self) -> None:
        """Make `run` come back before the next block of instructions."""
        self._engine.emu_stop()

    def abort(self, error: BaseException) -> None:
        """Make `run` raise `error`."""
        self._pending = self._pending or error
        self._engine.emu_stop()

    def read_register(self, name: str) -> int:
        return int(self._engine.reg_read(REGISTERS[name]))

    def write_register(self, name: str, value: int) -> None:
        # Bit 0 of what Unicorn takes for the PC is EPSR.T, and this core has no other state than Thumb.
        self._engine.reg_write(REGISTERS[name], value | 1 if name == "pc" else value)

    def set_breakpoints(self, addresses: set[int]) -> None:
        """Stop before the instructions at these addresses."""
        self._breakpoints = set(addresses)
        self._code_changed = True

    def read_memory(self, address: int, size: int) -> bytes:
        """Bytes of a memory. Raises MachineFault where there is none."""
        try:
            return bytes(self._engine.mem_read(address, size))
        except UcError as error:
            raise MachineFault(f"there is no memory at {address:#010x}") from error

    def write_memory(self, address: int, data: bytes) -> None:
        """Write a memory, flash included, as a debugger, a DMA or the flash itself does. Raises as `read_memory`."""
        try:
            self._engine.mem_write(address, data)
        except UcError as error:
            raise MachineFault(f"there is no memory at {address:#010x}") from error

    def code_changed(self) -> None:
        """What was translated is not to be executed again: called when a program was written."""
        self._code_changed = True

    def set_flash_visible(self, *, visible: bool) -> None:
        """Whether code flash can be read and executed."""
        rights = constants.UC_PROT_READ | constants.UC_PROT_EXEC if visible else constants.UC_PROT_NONE
        self._engine.mem_protect(map_.CODE_FLASH, map_.CODE_FLASH_BYTES, rights)

    def where(self) -> str:
        """The place of the core, for messages."""
        return f"PC {self.read_register('pc'):#010x}, LR {self.read_register('lr'):#010x}"

    def _execute(self, count: int) -> None:
        if self._code_changed:
            self._engine.ctl_flush_tb()
            self._core.forget()
            self._engine.ctl_exits_enabled(True)
            self._engine.ctl_set_exits([_NEVER, *sorted(self._breakpoints)])
            self._code_changed = False
        self._stop = Stop.REQUEST
        try:
            self._engine.emu_start(self.read_register("pc") | 1, _NEVER, 0, count)
        except UcError as error:
            if self._pending is None:
                self._pending = MachineFault(f"the core can't go on: {error}", where=self.where())
        pending, self._pending = self._pending, None
        if pending is not None:
            raise pending

    def guard(self, action: Callable[[], None]) -> None:
        """Do something in the midst of a run: an exception must not pass through Unicorn, so `run` raises it."""
        try:
            action()
        except BaseException as error:
            self.abort(error)

    def _on_read(self, _engine: Uc, offset: int, size: int, start: int) -> int:
        try:
            return 0 if self._pending else self._devices.read(start + offset, size)
        except BaseException as error:
            self.abort(error)
            return 0

    def _on_write(self, _engine: Uc, offset: int, size: int, value: int, start: int) -> None:
        if not self._pending:
            self.guard(lambda: self._devices.write(start + offset, size, value))

    def _on_exception(self, _engine: Uc, number: int, _data: object) -> None:
        if number == _BKPT_EXCEPTION:
            self._stop = Stop.BREAKPOINT
            self._engine.emu_stop()
            return
        what = _EXCEPTIONS.get(number, f"exception {number} of the translator")
        self.abort(MachineFault(f"the core met {what}", where=self.where()))

    def _on_bad_access(self, _engine: Uc, access: int, address: int, size: int, _value: int, _data: object) -> bool:
        deed = {
            constants.UC_MEM_READ_UNMAPPED: "read",
            constants.UC_MEM_WRITE_UNMAPPED: "written",
            constants.UC_MEM_FETCH_UNMAPPED: "executed",
            constants.UC_MEM_READ_PROT: "read",
            constants.UC_MEM_WRITE_PROT: "written",
            constants.UC_MEM_FETCH_PROT: "executed",
        }.get(access, "touched")
        self.abort(MachineFault(_describe(address, size, deed), where=self.where()))
        return False


def _describe(address: int, size: int, deed: str) -> str:
    if map_.CODE_FLASH <= address < map_.CODE_FLASH + map_.CODE_FLASH_BYTES:
        why = "only the FACI can write it" if deed == "written" else "it can't be while FENTRYR is in P/E mode"
        return f"code flash at {address:#010x} was {deed} by the core: {why}"
    if map_.DATA_FLASH <= address < map_.DATA_FLASH + map_.DATA_FLASH_BYTES:
        return f"data flash at {address:#010x} was {deed} by the core"
    if deed == "executed" and address >= _NEVER - 1:
        return "the core is locked up: there is no program, the vector table in flash is erased"
    return f"{size} bytes at {address:#010x} were {deed}, where there is nothing"
