"""The memories of a board file: regions, ranges that must never be touched, and the cache before the flash."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum

from .toml_table import TomlTable

FLASH_ALGORITHMS = ("ra6e1",)
"""Folders of `firmware/flash_algorithm`."""

_ADDRESS_SPACE = 1 << 32
_MOST_WAIT_STATES = 100
_MOST_CACHE_LINES = 4096
_CACHE_LINE_BYTES = (4, 1024)


class MemoryKind(StrEnum):
    """Flash is programmed by the probe and keeps its contents; RAM is written freely."""

    FLASH = "flash"
    RAM = "ram"


@dataclass(frozen=True)
class MemoryRegion:
    """`size` bytes from `start`. For flash: `erase_block` and `program_page` in bytes, `erased` as a byte value.

    `wait_states`: cycles of the core that an access waits; for flash, one that the cache does not hold.
    `algorithm`: which of the flash algorithms in `firmware/flash_algorithm` programs it; empty: none of them.
    """

    name: str
    kind: MemoryKind
    start: int
    size: int
    erase_block: int = 0
    program_page: int = 0
    erased: int = 0xFF
    wait_states: int = 0
    algorithm: str = ""

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.start + self.size

    def contains(self, address: int, length: int = 1) -> bool:
        """Whether all `length` bytes from `address` lie in the region."""
        return self.start <= address and address + length <= self.end


@dataclass(frozen=True)
class ForbiddenRange:
    """`size` bytes from `start` that nothing is ever linked into or written to."""

    name: str
    start: int
    size: int

    @property
    def end(self) -> int:
        """The first address behind the range."""
        return self.start + self.size

    def overlaps(self, start: int, end: int) -> bool:
        """Whether it has a byte in `start`..`end` - 1."""
        return start < self.end and self.start < end


@dataclass(frozen=True)
class OwnCode:
    """Bytes of flash and RAM that every image of a board takes beyond one of qemu-mps2-an505, whose images the
    predictions were fitted to."""

    rom: int = 0
    ram: int = 0


@dataclass(frozen=True)
class CacheSpec:
    """A direct-mapped cache before the flash, of `lines` lines of `line_bytes` bytes, both powers of two.

    A line that is not there costs the flash's wait states, and `fill_cycles` until all of it is.
    """

    lines: int
    line_bytes: int
    fill_cycles: int = 0


def read_memory(root: TomlTable) -> tuple[MemoryRegion, ...]:
    regions = sorted(
        (_read_region(name, table) for name, table in root.tables("memory").items()), key=lambda region: region.start
    )
    for before, after in itertools.pairwise(regions):
        if before.end > after.start:
            raise root.fault(f"memory.{after.name}", f"overlaps memory.{before.name} at {after.start:#010x}")
    for kind in MemoryKind:
        if all(region.kind is not kind for region in regions):
            raise root.fault("memory", f"has no region of kind {kind.value!r}")
    return tuple(regions)


def _read_region(name: str, table: TomlTable) -> MemoryRegion:
    kind = MemoryKind(table.choice("kind", [kind.value for kind in MemoryKind]))
    start = table.integer("start", lowest=0, highest=_ADDRESS_SPACE - 1)
    size = table.integer("size", lowest=1, highest=_ADDRESS_SPACE - start)
    wait_states = table.integer("wait_states", 0, lowest=0, highest=_MOST_WAIT_STATES)
    if kind is MemoryKind.RAM:
        table.finish()
        return MemoryRegion(name, kind, start, size, wait_states=wait_states)
    erase_block = table.integer("erase_block", lowest=1, highest=size)
    program_page = table.integer("program_page", erase_block, lowest=1, highest=erase_block)
    erased = table.integer("erased", 0xFF, lowest=0, highest=0xFF)
    algorithm = table.choice("algorithm", FLASH_ALGORITHMS) if table.has("algorithm") else ""
    table.finish()
    for key, value, unit in (
        ("start", start, erase_block),
        ("size", size, erase_block),
        ("erase_block", erase_block, program_page),
    ):
        if value % unit:
            raise table.fault(key, f"{value:#x} is not a multiple of {unit:#x}")
    return MemoryRegion(name, kind, start, size, erase_block, program_page, erased, wait_states, algorithm)


def read_forbidden(root: TomlTable) -> tuple[ForbiddenRange, ...]:
    ranges = []
    for name, table in root.tables("forbidden").items() if root.has("forbidden") else ():
        start = table.integer("start", lowest=0, highest=_ADDRESS_SPACE - 1)
        ranges.append(ForbiddenRange(name, start, table.integer("size", lowest=1, highest=_ADDRESS_SPACE - start)))
        table.finish()
    return tuple(ranges)


def read_own_code(table: TomlTable) -> OwnCode:
    spec = OwnCode(
        rom=table.integer("rom", lowest=0, highest=_ADDRESS_SPACE - 1),
        ram=table.integer("ram", lowest=0, highest=_ADDRESS_SPACE - 1),
    )
    table.finish()
    return spec


def read_cache(table: TomlTable) -> CacheSpec:
    lowest, highest = _CACHE_LINE_BYTES
    spec = CacheSpec(
        lines=table.integer("lines", lowest=1, highest=_MOST_CACHE_LINES),
        line_bytes=table.integer("line_bytes", lowest=lowest, highest=highest),
        fill_cycles=table.integer("fill_cycles", 0, lowest=0, highest=_MOST_WAIT_STATES),
    )
    table.finish()
    for key, value in (("lines", spec.lines), ("line_bytes", spec.line_bytes)):
        if value & (value - 1):
            raise table.fault(key, f"{value} is not a power of two")
    return spec
