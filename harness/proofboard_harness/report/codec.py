"""A record as JSON and back, and files that are whole or not there at all."""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any

from ..errors import BenchFault, DataFault
from .record import RunRecord


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_whole_bytes` does."""
    write_whole_bytes(path, text.encode("utf-8"))


def write_whole_bytes(path: Path, data: bytes) -> None:
    """Write beside `path`, then put it in place: a reader sees the old file or the new one.

    Raises:
        BenchFault: the folder is missing or not writable, or the disk is full.
    """
    temporary = ""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # A temporary file is private to its owner; a report is to be shared.
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise BenchFault(
            f"can't be written: {error.strerror}", where=str(path), hint="free some space, or check the run folder"
        ) from error


def save_record(record: RunRecord, path: Path) -> None:
    """Write the whole record as JSON, so that tables and pages can be made again from the run folder."""
    write_whole(path, json.dumps(dataclasses.asdict(record), indent=1, allow_nan=False, ensure_ascii=False) + "\n")


def load_record(path: Path) -> RunRecord:
    """Read what `save_record` wrote.

    Raises:
        DataFault: the file is missing, no JSON, or no record.
    """
    try:
        record: RunRecord = _read(RunRecord, json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise DataFault(f"can't be read: {error.strerror}", where=str(path), hint="name a run that ended") from error
    except (ValueError, TypeError, KeyError) as error:
        raise DataFault(f"is no record of a run: {error}", where=str(path), hint="run the application again") from error
    return record


def _read(kind: Any, value: Any) -> Any:
    """`value` as `kind`; understands what `record` uses: dataclasses, tuples, dictionaries, enums, optional values."""
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        return _read(next(option for option in typing.get_args(kind) if option is not types.NoneType), value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        _require(dict, value)
        hints = typing.get_type_hints(kind)
        return kind(**{name: _read(hints[name], entry) for name, entry in value.items()})
    if typing.get_origin(kind) is tuple:
        _require(list, value)
        item, _ = typing.get_args(kind)
        return tuple(_read(item, entry) for entry in value)
    if typing.get_origin(kind) is dict:
        _require(dict, value)
        _, item = typing.get_args(kind)
        return {key: _read(item, entry) for key, entry in value.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    _require(kind, value)
    return value


def _require(kind: type[Any], value: Any) -> None:
    # Not isinstance: true and false are no numbers.
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, found {value!r}")
