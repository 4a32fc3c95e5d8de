"""Firmware images: what an ELF file puts where, whether that fits the board, and how big it is.

Terms of the ELF specification: a *segment* is what gets loaded, at its physical address; a *section* is what the
linker placed, at its virtual address.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from .errors import FirmwareFault
from .spec import BoardSpec, MemoryKind

_HINT = "give an image.elf for the board, whole; run the application again if a run's folder has lost its own"
_MEASURED_SYMBOLS = ("STT_FUNC", "STT_OBJECT")


@dataclass(frozen=True)
class Segment:
    """`data` to be loaded at the physical address `address`."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """The first address behind the segment."""
        return self.address + len(self.data)


@dataclass(frozen=True)
class Section:
    """A section that takes memory. `address` is where it runs, `load_address` where it is programmed.

    `loaded` says whether the file holds its bytes; `.bss` and the stack only take room.
    """

    name: str
    address: int
    load_address: int
    size: int
    loaded: bool


@dataclass(frozen=True)
class Symbol:
    """A function or an object of `size` bytes at `address` in `section`."""

    name: str
    section: str
    address: int
    size: int


@dataclass(frozen=True)
class Image:
    """A firmware image. Segments are in order of address."""

    path: Path
    entry: int
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]

    @classmethod
    def load(cls, path: Path) -> Image:
        """Read a 32-bit little-endian Arm ELF file. Raises FirmwareFault for any other file."""
        try:
            with path.open("rb") as stream:
                elf = ELFFile(stream)
                if elf["e_machine"] != "EM_ARM" or elf.elfclass != 32 or not elf.little_endian:
                    raise FirmwareFault("is not a 32-bit little-endian Arm image", where=str(path), hint=_HINT)
                return cls(path, elf["e_entry"], _segments(elf), _sections(elf), _symbols(elf))
        except OSError as error:
            raise FirmwareFault(f"can't be read: {error.strerror}", where=str(path), hint=_HINT) from error
        except ELFError as error:
            raise FirmwareFault(f"is not an ELF file: {error}", where=str(path), hint=_HINT) from error

    def symbol(self, name: str) -> Symbol | None:
        """The symbol of that name."""
        return next((symbol for symbol in self.symbols if symbol.name == name), None)


@dataclass(frozen=True)
class ImageSizes:
    """Bytes of an image on a board.

    Attributes:
        rom_bytes: all that is programmed into flash: code, constants, initial values of data, padding between.
        ram_bytes: all RAM that the linker gave out: data, zeroed data, stack, heap.
        sections: every section that takes memory.
        symbols: every function and object with a size.
    """

    rom_bytes: int
    ram_bytes: int
    sections: tuple[Section, ...]
    symbols: tuple[Symbol, ...]


def check_coverage(image: Image, spec: BoardSpec) -> None:
    """Raises FirmwareFault unless every loadable byte lies in a memory of the board, and none where it never must.

    pyOCD itself only warns of a segment outside every region and goes on without it.
    """
    if not image.segments:
        raise FirmwareFault("holds nothing to be programmed", where=str(image.path))
    for segment in image.segments:
        forbidden = spec.forbidden_range(segment.address, segment.end)
        if forbidden is not None:
            address = max(segment.address, forbidden.start)
            raise FirmwareFault(
                f"section {_section_at(image, address)} has bytes at {address:#010x}, in {forbidden.name}",
                where=str(image.path),
                hint="a wrong word there can lock the chip for ever: take the section out of the image",
            )
    for segment in image.segments:
        uncovered = _first_uncovered(segment, spec)
        if uncovered is not None:
            memories = ", ".join(
                f"{region.name} {region.start:#010x}..{region.end - 1:#010x}" for region in spec.memory
            )
            raise FirmwareFault(
                f"section {_section_at(image, uncovered)} has bytes at {uncovered:#010x}, where {spec.name} has no "
                f"memory",
                where=str(image.path),
                hint=f"memories of the board: {memories}; look at the linker script or at what made the image grow",
            )


def sizes(image: Image, spec: BoardSpec) -> ImageSizes:
    """Sizes of an image that passes `check_coverage`."""
    flash = [region for region in spec.memory if region.kind is MemoryKind.FLASH]
    rom = sum(
        max(0, min(segment.end, region.end) - max(segment.address, region.start))
        for segment in image.segments
        for region in flash
    )
    ram = 0
    for section in image.sections:
        region = spec.region_of(section.address)
        if region is not None and region.kind is MemoryKind.RAM:
            ram += section.size
    return ImageSizes(rom, ram, image.sections, image.symbols)


def _segments(elf: ELFFile) -> tuple[Segment, ...]:
    segments = []
    for header in elf.iter_segments("PT_LOAD"):
        data = header.data()
        if len(data) != header["p_filesz"]:
            raise ELFError(f"the file ends inside a segment, after {len(data)} of {header['p_filesz']} bytes")
        if data:
            segments.append(Segment(header["p_paddr"], data))
    return tuple(sorted(segments, key=lambda segment: segment.address))


def _sections(elf: ELFFile) -> tuple[Section, ...]:
    sections = []
    for section in elf.iter_sections():
        if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"] > 0:
            address, size = section["sh_addr"], section["sh_size"]
            loaded = section["sh_type"] != "SHT_NOBITS"
            load_address = _load_address(elf, address) if loaded else address
            sections.append(Section(section.name, address, load_address, size, loaded))
    return tuple(sections)


def _load_address(elf: ELFFile, address: int) -> int:
    for segment in elf.iter_segments("PT_LOAD"):
        if segment["p_vaddr"] <= address < segment["p_vaddr"] + segment["p_filesz"]:
            return int(address - segment["p_vaddr"] + segment["p_paddr"])
    return address


def _symbols(elf: ELFFile) -> tuple[Symbol, ...]:
    names = [section.name for section in elf.iter_sections()]
    symbols = []
    for table in elf.iter_sections():
        if not isinstance(table, SymbolTableSection):
            continue
        for symbol in table.iter_symbols():
            kind, size, index = symbol["st_info"]["type"], symbol["st_size"], symbol["st_shndx"]
            if kind in _MEASURED_SYMBOLS and size > 0 and isinstance(index, int):
                thumb = 1 if kind == "STT_FUNC" else 0  # bit 0 of a function's value marks Thumb code
                symbols.append(Symbol(symbol.name, names[index], symbol["st_value"] & ~thumb, size))
    return tuple(sorted(symbols, key=lambda symbol: (symbol.address, symbol.name)))


def _first_uncovered(segment: Segment, spec: BoardSpec) -> int | None:
    address = segment.address
    while address < segment.end:
        region = spec.region_of(address)
        if region is None:
            return address
        address = region.end
    return None


def _section_at(image: Image, address: int) -> str:
    loaded: Iterable[Section] = (section for section in image.sections if section.loaded)
    names = (s.name for s in loaded if s.load_address <= address < s.load_address + s.size)
    return next(names, "(none: file headers or padding)")
