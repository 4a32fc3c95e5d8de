"""Benchmark tables: on the terminal, as Markdown between two marks of a document, and as JSON."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import BenchFault
from ..report.codec import write_whole

_STYLES = {"met": "green", "MISSED": "bold red"}


@dataclass(frozen=True)
class BenchTable:
    """Text cells; the first column names the row, the others are figures. `notes` stand below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class BenchReport:
    """What one benchmark found.

    Attributes:
        name: of the sub-command.
        command: what made it.
        tools: name to version of what the figures depend on.
        tables: for people.
        figures: the rows unrounded, of values that JSON holds.
        missed: titles of the rows that don't reach what they must.
    """

    name: str
    command: str
    tools: dict[str, str]
    tables: tuple[BenchTable, ...]
    figures: dict[str, Any]
    missed: tuple[str, ...] = ()


def print_report(report: BenchReport, console: Console) -> None:
    """Every table with its notes."""
    for table in report.tables:
        console.print(_rich(table))
        for note in table.notes:
            console.print(Text(note, style="dim"))
        console.print()
    console.print(Text(_tools(report), style="dim"))
    for title in report.missed:
        console.print(Text(f"MISSED what it must reach: {title}", style="bold red"))


def markdown(report: BenchReport) -> str:
    """The command, the tools, and every table."""
    parts = [
        f"    {report.command}\n",
        f"{', '.join(f'{name} {version}' for name, version in report.tools.items())}.\n",
    ]
    for table in report.tables:
        lines = [f"### {table.title}\n", _row(table.columns), _row(("---", *["---:"] * (len(table.columns) - 1)))]
        lines += [_row(cells) for cells in table.rows]
        parts.append("\n".join(lines) + "\n")
        parts += [f"{note}\n" for note in table.notes]
    return "\n".join(parts)


def write_json(report: BenchReport, path: Path) -> None:
    """All of the report. Raises BenchFault if the file can't be written."""
    _write(path, json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")


def write_markdown(report: BenchReport, path: Path) -> None:
    """Put the tables between the document's marks `<!-- bench NAME -->` and `<!-- end of bench NAME -->`, or write a
    new document that holds nothing else.

    Raises:
        BenchFault: the document has no such marks, or can't be read or written.
    """
    begin, end = f"<!-- bench {report.name} -->", f"<!-- end of bench {report.name} -->"
    section = f"{begin}\n\n{markdown(report)}\n{end}"
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else f"{begin}\n{end}\n"
    except (OSError, UnicodeDecodeError) as error:
        raise BenchFault(f"can't be read: {error}", where=str(path)) from error
    marked = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not marked.search(text):
        raise BenchFault(
            f"has no place for the tables of `bench {report.name}`",
            where=str(path),
            hint=f"put the lines {begin} and {end} where they belong, or name a new file",
        )
    _write(path, marked.sub(lambda _: section, text))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text)


def _tools(report: BenchReport) -> str:
    return ", ".join(f"{name} {version}" for name, version in report.tools.items())


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _rich(table: BenchTable) -> Table:
    shown = Table(title=Text(table.title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if index == 0 else "right")
    for cells in table.rows:
        shown.add_row(*(Text(cell, style=_STYLES.get(cell.rpartition(" ")[2], "")) for cell in cells))
    return shown
