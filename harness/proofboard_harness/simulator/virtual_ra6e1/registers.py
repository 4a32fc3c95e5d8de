"""The bus: every register that is modelled, by its address. Whatever else is touched stops the machine by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .faults import MachineFault

Read = Callable[[], int]
Write = Callable[[int], None]


@dataclass(frozen=True)
class Register:
    """A register of `width` bytes. Without `read` or `write`, it can't be read or written.

    `ticks`: it changes by the passing of time alone, so reading it again does not mean waiting for it.
    """

    name: str
    address: int
    width: int
    read: Read | None = None
    write: Write | None = None
    ticks: bool = False


@dataclass(frozen=True)
class Block:
    """The address range of a peripheral, to name what is not modelled in it."""

    name: str
    start: int
    size: int


class Cell:
    """Storage behind a register: `mask` are the bits that can be written."""

    def __init__(self, reset: int = 0, mask: int = 0xFFFF_FFFF) -> None:
        self.value = reset
        self._mask = mask

    def read(self) -> int:
        return self.value

    def write(self, value: int) -> None:
        self.value = (self.value & ~self._mask) | (value & self._mask)


class Bus:
    """Registers by address, and the ranges that they lie in.

    Args:
        blocks: ranges of peripherals.
        noted: called as `noted(address, value)` when the core has read a register, except one that ticks, and as
            `noted(address, None)` when it writes one: how the machine finds out that the program waits.
    """

    def __init__(self, blocks: Iterable[Block], noted: Callable[[int, int | None], None]) -> None:
        self._blocks = tuple(blocks)
        self._registers: dict[tuple[int, int], Register] = {}
        self._noted = noted

    def add(self, *registers: Register) -> None:
        """Model these registers."""
        for register in registers:
            key = (register.address, register.width)
            assert key not in self._registers, register.name
            self._registers[key] = register

    def add_cell(self, name: str, address: int, width: int, cell: Cell | None = None) -> Cell:
        """Model a register that keeps what is written to it and does nothing else that an image could notice."""
        cell = cell or Cell()
        self.add(Register(name, address, width, cell.read, cell.write))
        return cell

    def read(self, address: int, size: int) -> int:
        """The value that the core reads.

        Raises:
            MachineFault: no such register is modelled, or not with that width.
        """
        register = self._registers.get((address, size))
        if register is None or register.read is None:
            raise self._unknown(address, size, "read")
        value = register.read()
        if not register.ticks:
            self._noted(address, value)
        return value

    def write(self, address: int, size: int, value: int) -> None:
        """What the core writes. Raises MachineFault as `read` does."""
        self._noted(address, None)
        self.store(address, size, value)

    def load(self, address: int, size: int) -> int:
        """The value that another than the core reads: a DMAC, a debugger. Raises MachineFault as `read` does."""
        register = self._registers.get((address, size))
        if register is None or register.read is None:
            raise self._unknown(address, size, "read")
        return register.read()

    def store(self, address: int, size: int, value: int) -> None:
        """What another than the core writes. Raises MachineFault as `read` does."""
        register = self._registers.get((address, size))
        if register is None or register.write is None:
            raise self._unknown(address, size, "written")
        register.write(value)

    def name_of(self, address: int) -> str:
        """The register's name, or its peripheral's with the offset, or nothing but the address."""
        for start in range(address, address - 4, -1):
            register = self._at(start)
            if register is not None and start + register.width > address:
                return register.name if start == address else f"{register.name}+{address - start}"
        for block in self._blocks:
            if block.start <= address < block.start + block.size:
                return f"{block.name}+{address - block.start:#x}"
        return "an address without a peripheral"

    def _at(self, address: int) -> Register | None:
        return next((found for width in (4, 2, 1) if (found := self._registers.get((address, width)))), None)

    def _unknown(self, address: int, size: int, deed: str) -> MachineFault:
        name, register = self.name_of(address), self._at(address)
        if register is None:
            seen = f"{name} ({address:#010x}) was {deed}, and is not modelled"
        elif (address, size) not in self._registers:
            seen = f"{name} ({address:#010x}) has {8 * register.width} bits and was {deed} with {8 * size}"
        else:
            seen = f"{name} ({address:#010x}) was {deed}, which it can't be"
        return MachineFault(seen, hint="a wrong address, or a register that the virtual RA6E1 does not have yet")
