"""CSV files that a person wrote, read with errors that name file and line."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import DataFault


def read_table_rows(path: Path, required: Sequence[str]) -> Iterator[tuple[dict[str, str], str]]:
    """Rows of a CSV file with a header, as (column to stripped text, place for an error).

    Raises:
        DataFault: unreadable, not UTF-8, a required column is missing, or a row has too few or too many fields.
    """
    lines = _lines(path)
    reader = csv.DictReader(lines, skipinitialspace=True)
    columns = [name.strip() for name in reader.fieldnames or []]
    reader.fieldnames = columns
    missing = [name for name in required if name not in columns]
    if missing:
        raise DataFault(
            f"column {missing[0]!r} is missing",
            where=f"{path}, line 1",
            hint=f"found: {', '.join(columns) or 'nothing'}",
        )
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        if None in row or None in row.values():
            raise DataFault(f"has not {len(columns)} fields", where=where, hint="a comma in a value needs quotes")
        yield {name: value.strip() for name, value in row.items()}, where


def read_headless_rows(path: Path) -> Iterator[tuple[list[str], str]]:
    """Rows of a CSV file whose comment lines begin with `#` (AudioSet), as (stripped fields, place for an error)."""
    reader = csv.reader(_lines(path), skipinitialspace=True)
    for fields in reader:
        if fields and not fields[0].startswith("#"):
            yield [field.strip() for field in fields], f"{path}, line {reader.line_num}"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise DataFault(f"can't be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise DataFault("is not UTF-8 text", where=str(path), hint="save it as UTF-8") from error
