"""Where each byte of an image's flash goes: by the source file that put it there, from the debug information."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.common.exceptions import ELFError
from elftools.dwarf.die import DIE
from elftools.dwarf.dwarf_expr import DWARFExprParser
from elftools.elf.elffile import ELFFile

from .elf import Image, Symbol
from .errors import FirmwareFault

_LINK = frozenset({"cobs", "crc32", "frame", "link", "main", "pcm_decode", "rtt", "session", "stack"})
_START = frozenset({"startup", "fault", "board", "memory"})
_NETWORK = "network: "


@dataclass(frozen=True)
class Piece:
    """A function or constant of `size` bytes, from `file`; `group` says what it is for."""

    name: str
    file: str
    group: str
    size: int

    @property
    def of_network(self) -> bool:
        """Weights, kernels, calls: what another network would not bring."""
        return self.group.startswith(_NETWORK)


def size_map(image: Image) -> list[Piece]:
    """Every byte of the loaded sections, largest group first, then largest piece.

    What no symbol accounts for (vectors, padding, literals of the C library) is one piece.

    Raises:
        FirmwareFault: the file can't be read, or holds no debug information.
    """
    files = _files_by_address(image.path)
    loaded = [section for section in image.sections if section.loaded]
    names = {section.name for section in loaded}
    pieces = [_piece(symbol, files.get(symbol.address, "")) for symbol in _once(image) if symbol.section in names]
    rest = sum(section.size for section in loaded) - sum(piece.size for piece in pieces)
    pieces.append(Piece("vectors, padding, build id", "", "other", rest))
    totals: dict[str, int] = defaultdict(int)
    for piece in pieces:
        totals[piece.group] += piece.size
    return sorted(pieces, key=lambda piece: (-totals[piece.group], piece.group, -piece.size, piece.name))


def _once(image: Image) -> Iterator[Symbol]:
    """Symbols, aliases of the same bytes left out."""
    end = -1
    for symbol in image.symbols:
        if symbol.address >= end:
            yield symbol
            end = symbol.address + symbol.size


def _piece(symbol: Symbol, file: str) -> Piece:
    stem = PurePosixPath(file).stem
    code = symbol.section == ".text"
    if not file or PurePosixPath(file).suffix == ".S":  # only the C library's is in assembly, or without a file
        group = "C library"
    elif stem == "generated_network":
        group = _NETWORK + ("calls" if code else "weights and constants")
    elif stem == "generated_frontend":
        group = "front end: tables"
    elif stem.startswith("frontend"):
        group = "front end: code"
    elif stem in _LINK:
        group = "link and protocol"
    elif stem in _START:
        group = "start-up and board"
    else:
        group = _NETWORK + "kernels"
    return Piece(symbol.name, PurePosixPath(file).name, group, symbol.size)


def _files_by_address(path: Path) -> dict[int, str]:
    """Source file of each function's and variable's address."""
    try:
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            if not elf.has_dwarf_info():
                raise FirmwareFault("holds no debug information", where=str(path), hint="compile it with -g")
            files: dict[int, str] = {}
            for unit in elf.get_dwarf_info().iter_CUs():
                parser = DWARFExprParser(unit.structs)
                top = unit.get_top_DIE()
                file = _text(top, "DW_AT_name")
                for entry in unit.iter_DIEs():  # statics lie within their functions
                    address = _address(entry, parser)
                    if address is not None:
                        files[address] = file
            return files
    except OSError as error:
        raise FirmwareFault(f"can't be read: {error.strerror}", where=str(path)) from error
    except ELFError as error:
        raise FirmwareFault(f"is not an ELF file: {error}", where=str(path)) from error


def _text(entry: DIE, attribute: str) -> str:
    value = entry.attributes.get(attribute)
    return value.value.decode() if value is not None else ""


def _address(entry: DIE, parser: DWARFExprParser) -> int | None:
    """Where a function or a variable lies; None for what is neither or lies nowhere."""
    if entry.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in entry.attributes:
        return int(entry.attributes["DW_AT_low_pc"].value) & ~1
    location = entry.attributes.get("DW_AT_location")
    if entry.tag == "DW_TAG_variable" and location is not None and isinstance(location.value, list):
        operations = parser.parse_expr(location.value)
        if operations and operations[0].op_name == "DW_OP_addr":
            return int(operations[0].args[0])
    return None
