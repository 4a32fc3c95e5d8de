"""What is on this machine, and how to get what is missing."""

from __future__ import annotations

import platform
import sys
from importlib import metadata

from pyocd.core.helpers import ConnectHelper
from rich import box
from rich.console import Console
from rich.table import Table
from serial.tools import list_ports

from . import toolchain
from .boards import known_boards, load_board
from .errors import ToolMissing
from .probe_libraries import needed_libraries
from .spec import BoardSpec, MemoryKind

_PACKAGES = ("proofboard", "torch", "numpy", "pyocd", "pyserial", "pyelftools")


def print_boards(console: Console) -> None:
    """The boards, with what a person chooses by."""
    table = _table("board", "title", "flash", "RAM", "probe", "lanes")
    for name in known_boards():
        spec = load_board(name)
        table.add_row(name, spec.title, _kib(spec, MemoryKind.FLASH), _kib(spec, MemoryKind.RAM), spec.probe.kind,
                      str(spec.link.lanes))  # fmt: skip
    console.print(table)


def print_doctor(console: Console) -> bool:
    """Everything that a run depends on. False when a tool is missing."""
    complete = True
    table = _table("tool", "version", "purpose, or how to get it")
    for tool in toolchain.TOOLS:
        try:
            table.add_row(tool.program, toolchain.version(tool), tool.purpose)
        except ToolMissing as error:
            complete = False
            table.add_row(f"[red]{tool.program}", "[red]missing", error.hint)
    table.add_row("python", sys.version.split()[0], platform.platform())
    for package in _PACKAGES:
        table.add_row(package, metadata.version(package), "")
    console.print(table)
    print_boards(console)
    print_probe_libraries(console)
    probes = _table("debug probe", "unique id")
    for probe in ConnectHelper.get_all_connected_probes(blocking=False):
        probes.add_row(probe.description, probe.unique_id)
    console.print(probes if probes.rows else "No debug probe is plugged in: simulators need none.")
    ports = _table("serial port", "what it is", "USB serial number")
    for port in list_ports.comports():
        ports.add_row(port.device, port.description, port.serial_number or "")
    console.print(ports if ports.rows else "No serial port is here: simulators need none.")
    return complete


def print_probe_libraries(console: Console) -> None:
    """What pyOCD reaches probes by. Nothing here is needed for a simulator, so nothing is called missing."""
    table = _table("for probes", "library", "here?")
    for library in needed_libraries():
        table.add_row(library.probes, library.name, "yes" if library.present() else f"[yellow]no: {library.how}")
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _kib(spec: BoardSpec, kind: MemoryKind) -> str:
    return f"{spec.total(kind) // 1024} KiB"
