"""A table of a TOML file, read key by key: every error names file, key and value."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from .errors import ConfigurationFault


class TomlTable:
    """Takes keys out of a table; `finish` complains of those that nobody took.

    Args:
        values: the table, as tomllib gives it.
        where: the file, and the names of the tables around this one.
    """

    def __init__(self, values: dict[str, Any], where: str) -> None:
        self._values = dict(values)
        self._known: list[str] = []
        self.where = where

    @classmethod
    def load(cls, path: Path) -> TomlTable:
        """The root table of a file."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
        except OSError as error:
            raise ConfigurationFault(f"can't be read: {error.strerror}", where=str(path)) from error
        except UnicodeDecodeError as error:
            raise ConfigurationFault(f"is not UTF-8 text: {error}", where=str(path)) from error
        except tomllib.TOMLDecodeError as error:
            raise ConfigurationFault(f"is not TOML: {error}", where=str(path), hint="correct the line") from error

    def has(self, key: str) -> bool:
        """Whether the key is there; it counts as known from now on."""
        self._known.append(key)
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        """A string that isn't empty, or the default."""
        value = self._take(key, str, default)
        if not value and default is None:
            raise self.fault(key, "must not be empty")
        return str(value)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """One of the allowed strings."""
        value = self.text(key)
        if value not in allowed:
            raise self.fault(key, f"{value!r} is not one of {', '.join(allowed)}")
        return value

    def integer(self, key: str, default: int | None = None, *, lowest: int, highest: int | None = None) -> int:
        """An integer in lowest..highest, both included."""
        value = self._take(key, int, default)
        if value < lowest or (highest is not None and value > highest):
            raise self.fault(key, f"{value} is not in {lowest}..{'' if highest is None else highest}")
        return int(value)

    def seconds(self, key: str) -> float:
        """A positive time in seconds; an integer will do."""
        if type(self._values.get(key)) is int:
            self._values[key] = float(self._values[key])
        value = float(self._take(key, float, None))
        if not 0 < value < float("inf"):
            raise self.fault(key, f"{value} is not a positive time")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        values = self._take(key, list, None if default is None else list(default))
        for index, value in enumerate(values):
            if type(value) is not str:
                raise self.fault(f"{key}[{index}]", f"expected str, found {value!r}")
        return tuple(values)

    def integers(self, key: str, count: int) -> tuple[int, ...]:
        """A list of so many positive integers."""
        values = self._take(key, list, None)
        if len(values) != count or any(type(value) is not int or value <= 0 for value in values):
            raise self.fault(key, f"expected {count} positive integers, found {values!r}")
        return tuple(values)

    def table(self, key: str) -> TomlTable:
        """The table of that name."""
        return TomlTable(self._take(key, dict, None), f"{self.where}: {key}")

    def tables(self, key: str) -> dict[str, TomlTable]:
        """The tables in the table of that name: at least one."""
        outer = self._take(key, dict, None)
        for name, values in outer.items():
            if type(values) is not dict:
                raise self.fault(f"{key}.{name}", f"expected a table, found {values!r}")
        if not outer:
            raise self.fault(key, "needs at least one table")
        return {name: TomlTable(values, f"{self.where}: {key}.{name}") for name, values in outer.items()}

    def finish(self) -> None:
        """Raises ConfigurationFault for a key that nobody asked for."""
        for key in self._values:
            if key not in self._known:
                raise ConfigurationFault(
                    f"unknown key {key!r}", where=self.where, hint=f"known keys: {', '.join(self._known)}"
                )

    def fault(self, key: str, seen: str) -> ConfigurationFault:
        """The error for a value of this table."""
        return ConfigurationFault(seen, where=f"{self.where}: {key}")

    def _take(self, key: str, kind: type, default: Any) -> Any:
        if not self.has(key):
            if default is None:
                raise ConfigurationFault(f"key {key!r} is missing", where=self.where)
            return default
        value = self._values[key]
        if type(value) is not kind:
            expected = "a table" if kind is dict else kind.__name__
            raise self.fault(key, f"expected {expected}, found {value!r}")
        return value
