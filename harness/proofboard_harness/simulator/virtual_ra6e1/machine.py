"""The chip: core, bus and peripherals put together, its resets, and the passing of time while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import memory_map as map_
from .caches import Caches
from .clocks import ClockTree, Frequencies, WaitStates
from .core_registers import CoreRegisters
from .cpu import Cpu, Stop
from .dmac import Dmac
from .faci import Faci
from .factory import add_factory_data, is_option_memory
from .faults import ChipReset, MachineFault, OptionMemoryFault, PowerLoss
from .injection import FaultPlan
from .native import NativeCore
from .pins import Pin, Pins
from .power import ModuleStop, Protection
from .registers import Bus, Cell
from .sci import Sci, Wire, Wiring
from .virtual_time import PICOSECONDS, VirtualTime
from .watchdog import Watchdog

_RESET_ICLK = 2_000_000
_LONGEST_SLICE = 400_000  # cycles, until the host is looked after
_WAITING_LOOPS = 2
_WAITING_CYCLES = 250  # between two reads of one loop of waiting, at the most: less than handling what has come takes
_IDLE_STEP = PICOSECONDS // 1000
_SYSTEM = 0x4001_E000
_HEARD = ((0x4000_5000, 0x200), (0x4011_8000, 0xA00))  # DMAC and SCI: registers that the host can change

FPB_SERIAL = Wiring(9, Pin(1, 9), Pin(1, 10), 5, 0x1B6, 1_000_000)
"""SCI9 on P109 and P110, as the FPB-RA6E1 is wired to a USB-UART (renesas/ra-fsp-examples, sci_uart_fpb_ra6e1_ep)."""


@dataclass(frozen=True)
class CacheModel:
    """The flash cache of the cycle model: lines, their bytes, and the cycles that a missing one takes to fill."""

    lines: int = 128
    line_bytes: int = 32
    fill_cycles: int = 7


@dataclass(frozen=True)
class Settings:
    """What the machine is.

    `cache` None: fast, an instruction is a cycle. `waits`: whether memories wait in the cycles that are modelled.
    `burst`: received bytes that a DMAC may get together, see `Sci`.
    """

    wiring: Wiring = FPB_SERIAL
    cache: CacheModel | None = None
    waits: bool = True
    burst: int = 1
    plan: FaultPlan = field(default_factory=FaultPlan)


class Machine:
    """A virtual RA6E1 with empty flash, standing after power-on.

    Args:
        settings: what it is.
        look: called regularly while it runs, with whether the program only waits for the host; it moves bytes between
            `wire` and the host, and may call `stop`.
    """

    def __init__(self, settings: Settings, look: Callable[[bool], None] = lambda idle: None) -> None:
        self._settings, self._look = settings, look
        self.wire = Wire()
        self._native = NativeCore(self._service, modelled=settings.cache is not None)
        self._cpu = Cpu(self._native, self)
        self._cpu.write_memory(map_.CODE_FLASH, bytes([map_.ERASED]) * map_.CODE_FLASH_BYTES)
        self._cpu.write_memory(map_.DATA_FLASH, bytes([map_.ERASED]) * map_.DATA_FLASH_BYTES)
        self._last_read = 0
        self._loop_address: int | None = None
        self._loops = 0
        self._stopping = False
        self.resets = 0
        """System resets since the machine was made, power-on among them."""
        self._last_values: dict[int, int] = {}
        self.power_on()

    @property
    def plan(self) -> FaultPlan:
        """What is to go wrong."""
        return self._settings.plan

    @property
    def cpu(self) -> Cpu:
        """The core, for a debugger."""
        return self._cpu

    @property
    def instructions(self) -> int:
        """Executed since the machine was made."""
        return self._native.instructions

    @property
    def cycles(self) -> int:
        """Of the core since the machine was made, those of waiting included."""
        return self._native.cycles

    @property
    def milliseconds(self) -> int:
        """Of virtual time since the last reset."""
        return self._time.now * 1000 // PICOSECONDS

    @property
    def iclk_hz(self) -> int:
        """The frequency of the core."""
        return self._time.iclk_hz

    def power_on(self) -> None:
        """Flash as it was, RAM with random contents, everything else as after reset."""
        self._cpu.write_memory(map_.SRAM, self.plan.random.randbytes(map_.SRAM_BYTES))
        self.reset()

    def reset(self) -> None:
        """System reset: memories keep their contents."""
        self.resets += 1
        self._bus = Bus(map_.BLOCKS, self._note)
        self._time = VirtualTime(self._native, _RESET_ICLK)
        self._waits = WaitStates()
        bus, time = self._bus, self._time
        protection, modules = Protection(bus), ModuleStop(bus)
        clocks = ClockTree(bus, protection, time, self._waits, self._clock_changed, lambda: self.plan.hoco_starts)
        caches = Caches(bus, self._waits, self._waits_changed)
        pins = Pins(bus, protection)
        dmac = Dmac(bus, modules, self)
        wiring, burst = self._settings.wiring, self._settings.burst
        self._sci = Sci(bus, wiring, time, clocks, modules, pins, self.wire, dmac, burst)
        self._faci = Faci(bus, self._cpu, time, self.plan, caches.c_cache, lambda: clocks.frequencies.fclk)
        self._watchdog = Watchdog(bus, time, self.plan.watchdog)
        CoreRegisters(bus, lambda: self._native.cycles)
        add_factory_data(bus)
        bus.add_cell("SYOCDCR", _SYSTEM + 0x40E, 1, Cell(0, 0x80))
        bus.add_cell("RSTSR0", _SYSTEM + 0x410, 1, Cell())
        bus.add_cell("RSTSR1", _SYSTEM + 0x0C0, 2, Cell())
        self._cpu.set_flash_visible(visible=True)
        self._clock_changed(clocks.frequencies)
        self._waits_changed(False)
        self._loops = 0
        self._native.set_deadline(self._native.cycles)
        self._cpu.reset()

    def run(self) -> Stop:
        """Run until `stop` or a breakpoint. A reset of the chip by its program is part of the run.

        Raises:
            MachineFault: the program did something that the chip would not do.
            PowerLoss: an injected power cut; the machine has been powered on again and stands.
        """
        while True:
            with self._falling_back():
                return self._cpu.run()

    def step(self) -> None:
        """Execute one instruction. Raises as `run`."""
        with self._falling_back():
            self._cpu.step()
            self._time.run_due()

    @contextlib.contextmanager
    def _falling_back(self) -> Iterator[None]:
        """A reset of the chip ends what is done in here, no more; when the power fails, that is said too."""
        try:
            yield
        except ChipReset:
            self.reset()
        except PowerLoss:
            self.power_on()
            raise

    def stop(self) -> None:
        """Make `run` come back before the next block of instructions."""
        self._stopping = True
        self._native.set_deadline(self._native.cycles)

    def brown_out(self, microseconds: int) -> None:
        """Let the supply sag so much later: the chip resets, RAM is kept."""

        def sag() -> None:
            raise ChipReset("brown-out")

        self._time.after(microseconds * PICOSECONDS // 10**6, sag)

    def read(self, address: int, size: int) -> int:
        """A read of the core from a register."""
        try:
            return self._bus.read(address, size)
        except MachineFault as fault:
            raise self._placed(fault) from fault

    def write(self, address: int, size: int, value: int) -> None:
        """A write of the core to a register."""
        try:
            if is_option_memory(address, size):
                raise OptionMemoryFault(f"option-setting memory was written at {address:#010x}: it must never be")
            self._bus.write(address, size, value)
        except MachineFault as fault:
            raise self._placed(fault) from fault

    def bus_read(self, address: int, size: int) -> int:
        """A read of the DMAC, from memory or a register."""
        if _is_device(address):
            return self._bus.load(address, size)
        return int.from_bytes(self._cpu.read_memory(address, size), "little")

    def bus_write(self, address: int, size: int, value: int) -> None:
        """A write of the DMAC."""
        if _is_device(address):
            self._bus.store(address, size, value)
        else:
            self._cpu.write_memory(address, value.to_bytes(size, "little"))

    def bus_write_block(self, address: int, data: bytes) -> None:
        """Writes of the DMAC to memory, at ascending addresses."""
        self._cpu.write_memory(address, data)

    def debug_read(self, address: int, size: int) -> bytes:
        """What a debugger reads. Raises MachineFault where it can't."""
        if not _is_device(address):
            if self._faci.erasing_or_programming and address < map_.CODE_FLASH_BYTES:
                raise MachineFault("code flash can't be read while FENTRYR is in P/E mode")
            return self._cpu.read_memory(address, size)
        width = next(width for width in (4, 2, 1) if address % width == 0 and size % width == 0)
        words = (self._bus.load(at, width) for at in range(address, address + size, width))
        return b"".join(word.to_bytes(width, "little") for word in words)

    def debug_write(self, address: int, data: bytes) -> None:
        """What a debugger writes. Code flash takes nothing from it, option-setting memory less than nothing."""
        if is_option_memory(address, len(data)):
            raise OptionMemoryFault(f"a debugger wrote option-setting memory at {address:#010x}: it must never be")
        if _is_device(address):
            self._bus.store(address, len(data), int.from_bytes(data, "little"))
            return
        if not address >= map_.SRAM or address + len(data) > map_.SRAM + map_.SRAM_BYTES:
            raise MachineFault(f"a debugger can't write {address:#010x}")
        self._cpu.write_memory(address, data)
        self._cpu.code_changed()

    def _placed(self, fault: MachineFault) -> MachineFault:
        return type(fault)(fault.seen, where=fault.where or self._cpu.where(), hint=fault.hint)

    def _clock_changed(self, frequencies: Frequencies) -> None:
        self._time.set_iclk(frequencies.iclk)
        self._native.set_deadline(self._native.cycles)

    def _waits_changed(self, cached: bool) -> None:
        cache = self._settings.cache
        if cache is None or not self._settings.waits:
            return
        self._native.set_waits(0, self._waits.flash, cached=cached)
        self._native.set_waits(1, self._waits.sram, cached=False)
        self._native.set_cache(cache.lines, cache.line_bytes, cache.fill_cycles)

    def _note(self, address: int, value: int | None) -> None:
        """A program that comes to the same register again and again, and finds everything unchanged, waits.

        Then time may pass at once, which is what the program asks for.
        """
        now = self._native.cycles
        if value is None or self._last_values.get(address) != value or now - self._last_read > _WAITING_CYCLES:
            self._loop_address, self._loops = None, 0
            if value is not None:
                self._last_values[address] = value
        elif self._loop_address is None:
            self._loop_address = address
        elif address == self._loop_address:
            self._loops += 1
            if self._loops >= _WAITING_LOOPS:
                self._loops = 0
                self._pass_time(address)
        self._last_read = now

    def _pass_time(self, address: int) -> None:
        event = self._time.next_event
        if event is None:
            if not any(start <= address < start + size for start, size in _HEARD):
                return  # it waits in vain
            self._look(True)
            self._sci.deliver()
            event = self._time.next_event or self._time.now + _IDLE_STEP
        self._time.skip_to(event)
        self._time.run_due()
        self._watchdog.check()
        self._native.set_deadline(self._native.cycles)

    def _service(self) -> None:
        """Called from the run by the native half, between two blocks."""
        self._cpu.guard(self._serve)
        limit = self._native.cycles + _LONGEST_SLICE
        event = self._time.next_event
        self._native.set_deadline(limit if event is None else min(limit, self._time.cycles_at(event)))

    def _serve(self) -> None:
        self._time.run_due()
        self._watchdog.check()
        self._look(False)
        self._sci.deliver()
        if self._stopping:
            self._stopping = False
            self._cpu.stop()


def _is_device(address: int) -> bool:
    return any(start <= address < start + size for start, size in map_.DEVICES)
