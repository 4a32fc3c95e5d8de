"""Which layer a call in the generated network belongs to, from the image's line table.

The order of the calls in memory tells nothing: a compiler writes them twice, with and without an observer, and puts
one of the two behind the end of the function.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from elftools.common.exceptions import ELFError
from elftools.dwarf.dwarfinfo import DWARFInfo
from elftools.dwarf.lineprogram import LineProgram
from elftools.elf.elffile import ELFFile

from ..errors import FirmwareFault

SOURCE = "generated_network.c"
_OBSERVED = re.compile(r"observer\(context, (\d+),")


@dataclass(frozen=True)
class CallSites:
    """The layers of a generated network's call instructions.

    Attributes:
        starts: addresses where the code of a source line begins, ascending.
        lines: that line of `SOURCE`; 0 for code of other files.
        ends: the line of `SOURCE` after which each layer is done.
    """

    starts: tuple[int, ...]
    lines: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def load(cls, image: Path, source: Path) -> CallSites:
        """Read the image's line table, and `generated_network.c` as it was compiled.

        Raises:
            FirmwareFault: the image can't be read or has no lines of that file, or the file names no layer.
        """
        ends = layer_ends(source)
        rows = _line_rows(image)
        if not any(line for _, line in rows):
            raise FirmwareFault(f"has no line table of {SOURCE}", where=str(image), hint="compile it with -g")
        return cls(tuple(address for address, _ in rows), tuple(line for _, line in rows), ends)

    def layer(self, site: int) -> int | None:
        """The layer that the call instruction at `site` belongs to; None behind the last one.

        Raises:
            FirmwareFault: the address is not of the generated network.
        """
        index = bisect_left(self.starts, site + 1) - 1
        line = self.lines[index] if index >= 0 else 0
        if line == 0:
            raise FirmwareFault(f"the call at {site:#010x} is not one of {SOURCE}")
        layer = bisect_left(self.ends, line)
        return layer if layer < len(self.ends) else None


def layer_ends(source: Path) -> tuple[int, ...]:
    """For each layer the line, from 1, on which the observer hears of it: the calls before are the layer's.

    Raises:
        FirmwareFault: the file can't be read, or tells an observer of nothing, or of layers in another order.
    """
    try:
        lines = source.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise FirmwareFault(f"can't be read: {error.strerror}", where=str(source)) from error
    found = [(number, match) for number, line in enumerate(lines, 1) if (match := _OBSERVED.search(line))]
    if not found or [int(match[1]) for _, match in found] != list(range(len(found))):
        raise FirmwareFault("is no generated network", where=str(source), hint="name a run that ended")
    return tuple(number for number, _ in found)


def _line_rows(image: Path) -> list[tuple[int, int]]:
    """(address, line of `SOURCE`) in order of address; line 0: another file's code, or none."""
    try:
        with image.open("rb") as stream:
            elf = ELFFile(stream)
            return sorted(_rows_of(elf.get_dwarf_info())) if elf.has_dwarf_info() else []
    except OSError as error:
        raise FirmwareFault(f"can't be read: {error.strerror}", where=str(image)) from error
    except ELFError as error:
        raise FirmwareFault(f"is not an ELF file: {error}", where=str(image)) from error


def _rows_of(dwarf: DWARFInfo) -> list[tuple[int, int]]:
    rows: dict[int, int] = {}
    for unit in dwarf.iter_CUs():
        program = dwarf.line_program_for_CU(unit)
        if program is None:
            continue
        names = _file_names(program)
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if state.end_sequence:
                rows.setdefault(state.address, 0)  # another sequence may begin here
            else:
                rows[state.address] = state.line if names[state.file] == SOURCE else 0
    return list(rows.items())


def _file_names(program: LineProgram) -> Sequence[str]:
    """By the number that the line table uses: from 1 before DWARF 5, from 0 since."""
    names = [PurePosixPath(entry.name.decode(errors="replace")).name for entry in program["file_entry"]]
    return names if program["version"] >= 5 else ["", *names]
