"""Compiled files in the cache are trusted for months: a seal beside each tells whether it still is what was made."""

from __future__ import annotations

import hashlib
from pathlib import Path


def write_seal(path: Path) -> None:
    """Keep the SHA-256 of the file beside it."""
    seal_of(path).write_text(_digest(path), encoding="ascii")


def is_sealed(path: Path) -> bool:
    """Whether the file is there, and is to the last bit what was sealed."""
    try:
        return seal_of(path).read_bytes().decode("ascii", "replace") == _digest(path)
    except OSError:  # no file, or no folder: who makes it anew says what is wrong
        return False


def seal_of(path: Path) -> Path:
    """Where the seal of a file is."""
    return path.with_name(f"{path.name}.sha256")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
