"""Licence of one file of a Debian package, from its machine-readable copyright file.

Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/. Its `Files:` patterns name the *source*
tree, while we hold the installed one: a pattern fits when its end fits the end of the path, and the pattern with the
longest such end wins, the later of two equals (the format lets the last paragraph win).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_LEAST_PARTS = 2


@dataclass(frozen=True)
class _Paragraph:
    patterns: tuple[str, ...]
    licence: str


class Licences:
    """Answers for one package; `fallback` is the recipe's, for packages whose copyright file is free text."""

    def __init__(self, text: str, fallback: str) -> None:
        self._paragraphs = _parse(text)
        everything = [paragraph.licence for paragraph in self._paragraphs if "*" in paragraph.patterns]
        self._fallback = everything[0] if everything else fallback

    @classmethod
    def of_package(cls, root: Path, name: str, fallback: str) -> Licences:
        """Read `usr/share/doc/<name>/copyright` under `root`; a package without one gets the fallback."""
        path = root / "usr" / "share" / "doc" / name / "copyright"
        return cls(path.read_text(encoding="utf-8", errors="replace") if path.is_file() else "", fallback)

    def of(self, path: str) -> str:
        """Short licence name of a file; `path` as in `Clip.path`."""
        parts = re.split("[/!]", path)
        best, licence = 0, self._fallback
        for paragraph in self._paragraphs:
            length = max((_fitting_parts(pattern.split("/"), parts) for pattern in paragraph.patterns), default=0)
            if length >= max(best, _LEAST_PARTS):
                best, licence = length, paragraph.licence
        return licence


def _fitting_parts(pattern: list[str], path: list[str]) -> int:
    """Number of parts in the longest end of `pattern` that fits; a final `*` stands for any depth."""
    for first in range(len(pattern)):
        tail = pattern[first:]
        if tail[0] in ("", "*"):
            continue
        if tail[-1] == "*":
            folder, ending = tail[:-1], len(tail) - 1
            places = range(len(path) - ending)
            if any(_fit(folder, path[place : place + ending]) for place in places):
                return ending
        elif len(tail) <= len(path) and _fit(tail, path[-len(tail) :]):
            return len(tail)
    return 0


def _fit(patterns: list[str], names: list[str]) -> bool:
    return all(fnmatchcase(name, pattern) for pattern, name in zip(patterns, names, strict=True))


def _parse(text: str) -> tuple[_Paragraph, ...]:
    paragraphs: list[_Paragraph] = []
    for block in re.split(r"\n[ \t]*\n", text):
        files = re.search(r"^Files:(.*(?:\n[ \t].*)*)", block, re.MULTILINE)
        licence = re.search(r"^License:[ \t]*(\S.*)$", block, re.MULTILINE)
        if files and licence:
            paragraphs.append(_Paragraph(tuple(files.group(1).split()), licence.group(1).strip()))
    return tuple(paragraphs)
