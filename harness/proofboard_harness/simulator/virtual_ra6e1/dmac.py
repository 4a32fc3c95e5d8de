"""DMAC channels that are requested by an event (ICU's DELSR): normal mode, with a repeat area, or repeat mode.

Sources: Renesas FSP 6.3.1, R7FA6E10F.h and r_dmac.c for registers and fields; DMCRA = 0 as "does not end" in normal
mode is the rule of the family. A transfer takes no time, and does not contend with the core.
"""

from __future__ import annotations

from typing import Protocol

from .faults import MachineFault
from .power import ModuleStop
from .registers import Bus, Cell, Read, Register

_DMAC, _DMAST, _DELSR = 0x4000_5000, 0x4000_5200, 0x4000_6280
_CHANNELS = 8
_NORMAL, _REPEAT = 0, 1
_FIXED, _INCREMENT, _DECREMENT = 0, 2, 3
_BY_EVENT = 1
_DESTINATION_REPEATS, _SOURCE_REPEATS = 0, 1
_HALFWORDS = 1


class Memory(Protocol):
    """What a transfer reads and writes: memories and registers."""

    def bus_read(self, address: int, size: int) -> int: ...

    def bus_write(self, address: int, size: int, value: int) -> None: ...

    def bus_write_block(self, address: int, data: bytes) -> None: ...


class _Channel:
    def __init__(self, bus: Bus, number: int, modules: ModuleStop) -> None:
        base = _DMAC + 0x40 * number
        self.name = f"DMAC{number}"
        self._modules = modules

        def cell(name: str, offset: int, width: int) -> Cell:
            kept = Cell()
            bus.add(
                Register(
                    f"{self.name}.{name}",
                    base + offset,
                    width,
                    self._guard(kept.read),
                    lambda value: self._set(kept, value),
                )
            )
            return kept

        self.source, self.destination = cell("DMSAR", 0x00, 4), cell("DMDAR", 0x04, 4)
        self.count, self.blocks = cell("DMCRA", 0x08, 4), cell("DMCRB", 0x0C, 4)
        self.mode, self.interrupt = cell("DMTMD", 0x10, 2), cell("DMINT", 0x13, 1)
        self.addressing, self.enabled = cell("DMAMD", 0x14, 2), cell("DMCNT", 0x1C, 1)
        cell("DMOFR", 0x18, 4)
        cell("DMSTS", 0x1E, 1)
        self.initial: tuple[int, int] = (0, 0)

    def _guard(self, read: Read) -> Read:
        def guarded() -> int:
            self._modules.demand("DMAC", "A", 22)
            return read()

        return guarded

    def _set(self, cell: Cell, value: int) -> None:
        self._modules.demand("DMAC", "A", 22)
        if cell is self.enabled:
            if value & 1 and not self.enabled.value & 1:
                self._start()
        elif self.enabled.value & 1:
            raise MachineFault(f"a register of {self.name} was written while DMCNT.DTE is 1")
        cell.write(value)

    def _start(self) -> None:
        mode = self.mode.value
        if mode & 3 != _BY_EVENT or mode >> 14 not in (_NORMAL, _REPEAT) or mode >> 8 & 3 == 3:
            raise MachineFault(f"{self.name}.DMTMD is {mode:#06x}: this mode is not modelled")
        self.initial = (self.source.value, self.destination.value)

    def transfer(self, memory: Memory) -> None:
        """Move one unit, step the addresses, count."""
        size = 1 << (self.mode.value >> 8 & 3)
        addressing = self.addressing.value
        memory.bus_write(self.destination.value, size, memory.bus_read(self.source.value, size))
        self.source.value = _step(self.source.value, size, addressing >> 14 & 3, addressing >> 8 & 31)
        self.destination.value = _step(self.destination.value, size, addressing >> 6 & 3, addressing & 31)
        if self.mode.value >> 14 == _REPEAT:
            self._count_repeat()
        elif self.count.value & 0xFFFF:
            self.count.value -= 1
            if not self.count.value & 0xFFFF:
                self.enabled.value = 0

    def streams_from(self, register: int) -> bool:
        """Whether it moves half-words of a register to ascending addresses, for ever."""
        addressing = self.addressing.value
        return (
            self.mode.value >> 14 == _NORMAL
            and self.mode.value >> 8 & 3 == _HALFWORDS
            and not self.count.value & 0xFFFF
            and self.source.value == register
            and addressing >> 14 & 3 == _FIXED
            and addressing >> 6 & 3 == _INCREMENT
        )

    def stream(self, memory: Memory, values: bytes) -> None:
        """As many transfers as there are values, each of a half-word, in as few writes as the repeat area allows."""
        repeat_bits = self.addressing.value & 31
        data = b"".join(value.to_bytes(2, "little") for value in values)
        while data:
            address = self.destination.value
            room = (1 << repeat_bits) - address % (1 << repeat_bits) if repeat_bits else len(data)
            piece, data = data[:room], data[room:]
            memory.bus_write_block(address, piece)
            self.destination.value = _step(address, len(piece), _INCREMENT, repeat_bits)

    def _count_repeat(self) -> None:
        size, left = self.count.value >> 16, (self.count.value - 1) & 0xFFFF
        if left:
            self.count.value = size << 16 | left
            return
        self.count.value = size << 16 | size
        area = self.mode.value >> 12 & 3
        if area == _SOURCE_REPEATS:
            self.source.value = self.initial[0]
        elif area == _DESTINATION_REPEATS:
            self.destination.value = self.initial[1]
        self.blocks.value = (self.blocks.value - 1) & 0xFFFF
        if not self.blocks.value:
            self.enabled.value = 0


def _step(address: int, size: int, mode: int, repeat_bits: int) -> int:
    if mode == _FIXED:
        return address
    if mode not in (_INCREMENT, _DECREMENT):
        raise MachineFault("a DMAC channel steps its addresses by DMOFR: that is not modelled")
    moved = address + (size if mode == _INCREMENT else -size)
    if not repeat_bits:
        return moved & 0xFFFF_FFFF
    mask = (1 << repeat_bits) - 1
    return (address & ~mask) | (moved & mask)


class Dmac:
    """All channels, and the events that request them."""

    def __init__(self, bus: Bus, modules: ModuleStop, memory: Memory) -> None:
        self._memory = memory
        self._start = bus.add_cell("DMAST", _DMAST, 1, Cell(0, 1))
        self._channels = [_Channel(bus, number, modules) for number in range(_CHANNELS)]
        self._events = [bus.add_cell(f"DELSR{number}", _DELSR + 4 * number, 4) for number in range(_CHANNELS)]

    def request(self, event: int) -> None:
        """An event occurred. One that no armed channel listens to is lost, as on the chip."""
        for channel in self._listening(event):
            channel.transfer(self._memory)

    def streams(self, event: int, register: int) -> bool:
        """Whether every such event has one half-word of the register put to memory, and nothing else happens."""
        listening = self._listening(event)
        return len(listening) == 1 and listening[0].streams_from(register)

    def stream(self, event: int, values: bytes) -> None:
        """As many events, each with the register holding the next value; only where `streams` says so."""
        (channel,) = self._listening(event)
        channel.stream(self._memory, values)

    def _listening(self, event: int) -> list[_Channel]:
        return [
            channel
            for channel, chosen in zip(self._channels, self._events, strict=True)
            if chosen.value & 0x1FF == event and self._start.value and channel.enabled.value & 1
        ]
