"""`proofboard sizes`: an image's flash, byte by byte."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from .elf import Image
from .errors import ConfigurationFault
from .size_map import Piece, size_map


def print_sizes(target: Path, console: Console, *, pieces: int) -> None:
    """Tables of an ELF file, or of every image of a run's folder; `pieces` of each group are named.

    Raises:
        ConfigurationFault: neither.
    """
    images = [target] if target.is_file() else sorted(target.glob("*.elf"))
    if not images:
        raise ConfigurationFault(
            "is neither an ELF file nor a run's folder", where=str(target), hint="give runs/<run> or <image>.elf"
        )
    for path in images:
        console.print(size_table(path.name, size_map(Image.load(path)), pieces))


def size_table(title: str, found: list[Piece], shown: int) -> Table:
    """Groups with their largest pieces."""
    total = sum(piece.size for piece in found)
    table = Table(title=f"{title}: {total:,} B of flash", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    table.add_column("share", justify="right")
    for group, members in groupby(found, key=lambda piece: piece.group):
        inside = list(members)
        size = sum(piece.size for piece in inside)
        table.add_row(group, "", f"{size:,}", f"{size / total:.1%}", style="bold")
        for piece in inside[:shown]:
            table.add_row(f"  {piece.name}", piece.file, f"{piece.size:,}", "")
        if len(inside) > shown:
            rest = sum(piece.size for piece in inside[shown:])
            table.add_row(f"  {len(inside) - shown} more", "", f"{rest:,}", "", style="dim")
    return table
