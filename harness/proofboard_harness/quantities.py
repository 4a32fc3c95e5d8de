"""Sizes and times as people write them on a command line: `24k`, `16 KiB`, `5ms`, `300us`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from types import MappingProxyType

from .errors import ConfigurationFault

BYTES: Mapping[str, float] = MappingProxyType(
    {
        "": 1,
        "b": 1,
        "k": 1e3,
        "kb": 1e3,
        "m": 1e6,
        "mb": 1e6,
        "ki": 1 << 10,
        "kib": 1 << 10,
        "mi": 1 << 20,
        "mib": 1 << 20,
    }
)
"""By unit, in lower case; k is a thousand as in data sheets of flash, Ki is 1024."""

MILLISECONDS: Mapping[str, float] = MappingProxyType({"": 1, "ms": 1, "us": 1e-3, "µs": 1e-3, "s": 1e3})
"""By unit; no unit is ms."""

_QUANTITY = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([a-zµ]*)\s*", re.IGNORECASE)


def read_bytes(text: str) -> int:
    """Whole bytes, 1 or more.

    Raises:
        ConfigurationFault: something else.
    """
    return math.floor(_read(text, BYTES, lowest=1.0, example="24k, 24kB or 16KiB"))


def read_milliseconds(text: str) -> float:
    """Milliseconds, 0.001 or more.

    Raises:
        ConfigurationFault: something else.
    """
    return _read(text, MILLISECONDS, lowest=1e-3, example="5ms, 300us or 0.5s")


def _read(text: str, units: Mapping[str, float], *, lowest: float, example: str) -> float:
    found = _QUANTITY.fullmatch(text)
    hint = f"write it like {example}; known units: {', '.join(filter(None, units))}"
    if found is None:
        raise ConfigurationFault(f"{text!r} is no number with a unit", hint=hint)
    unit = units.get(found[2].lower())
    if unit is None:
        raise ConfigurationFault(f"{text!r}: unknown unit {found[2]!r}", hint=hint)
    value = float(found[1]) * unit
    if not lowest <= value < math.inf:
        raise ConfigurationFault(f"{text!r} is too small, or too large", hint=hint)
    return value
