"""Recipes: which files of which Debian packages become which recordings. The data is in `<recipe>.toml` beside this."""

from __future__ import annotations

import hashlib
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, cast

from ..application import read_table
from ..errors import ConfigurationFault, DataFault
from .clips import SPLITS, Split
from .licences import Licences
from .packages import Package
from .recordings import AUDIO_SUFFIXES, Recording

_ARCHIVE_SUFFIXES = frozenset({".pk3", ".zip"})


@dataclass(frozen=True)
class Source:
    """Some files of a package that are alike; the keys are described at the top of `debian-screams.toml`."""

    match: str
    kind: str
    speaker: str = ""
    windows: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class PackageRecipe:
    """`merge` lists speakers that are one voice; `licence` is for packages whose copyright file is free text."""

    name: str
    split: str
    licence: str
    sources: list[Source]
    optional: bool = False
    merge: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Minimum:
    """Clips a built set must hold."""

    train_screams: int
    field_screams: int
    field_hard_negatives: int
    hard_kinds: list[str]


@dataclass(frozen=True)
class Recipe:
    """A whole recipe; `sha256` is that of its file."""

    name: str
    minimum: Minimum
    packages: list[PackageRecipe]
    sha256: str


def load_recipe(name: str) -> Recipe:
    """Read a recipe that ships with Proofboard."""
    folder = resources.files(__package__)
    known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in known:
        raise ConfigurationFault(f"unknown recipe {name!r}", where="data.recipe", hint=f"known: {', '.join(known)}")
    text = (folder / f"{name}.toml").read_bytes()
    return parse_recipe(tomllib.loads(text.decode()), sha256=hashlib.sha256(text).hexdigest(), where=f"{name}.toml")


def parse_recipe(document: dict[str, Any], *, sha256: str, where: str) -> Recipe:
    """Turn a TOML document into a recipe; a wrong key, split or regular expression is one error."""
    recipe: Recipe = read_table(Recipe, document | {"sha256": sha256}, where=where)
    for package in recipe.packages:
        if package.split not in SPLITS:
            raise ConfigurationFault(
                f"split {package.split!r} is not one of {SPLITS}", where=f"{where}: {package.name}"
            )
        for source in package.sources:
            for pattern in (source.match, source.speaker):
                try:
                    re.compile(pattern)
                except re.error as error:
                    raise ConfigurationFault(
                        f"{pattern!r} is no regular expression: {error}", where=f"{where}: {package.name}"
                    ) from error
    return recipe


def recordings_of(recipe: PackageRecipe, package: Package) -> list[Recording]:
    """The recordings that a recipe takes of an unpacked package, ordered by source and path.

    Raises:
        DataFault: a source of the recipe fits no file, so the package is not the one the recipe was written for.
    """
    licences = Licences.of_package(package.root, package.name, recipe.licence)
    merged = {name: group[0] for group in recipe.merge for name in group}
    taken: dict[int, list[Recording]] = {index: [] for index in range(len(recipe.sources))}
    for path, file, member in _sound_files(package.root):
        for index, source in enumerate(recipe.sources):
            if re.search(source.match, path):
                taken[index].append(
                    Recording(
                        file=file,
                        member=member,
                        path=path,
                        kind=source.kind,
                        label=None,
                        split=cast(Split, recipe.split),
                        group=_group(package.name, source.speaker, path, merged),
                        package=package.name,
                        version=package.version,
                        licence=licences.of(path),
                        windows=source.windows,
                    )
                )
                break
    if not any(taken.values()):
        raise DataFault(
            f"none of its files fits the recipe {recipe.name!r}",
            where=f"{package.name} {package.version}",
            hint="the package's layout has changed: the recipe needs a look",
        )
    return [item for index, source in enumerate(recipe.sources) for item in _limited(taken[index], source.limit)]


def _sound_files(root: Path) -> Iterator[tuple[str, Path, str]]:
    """(path in the package, file, member of the archive or '') of every sound, ordered by path."""
    for file in sorted(root.rglob("*")):
        suffix = file.suffix.lower()
        if suffix not in AUDIO_SUFFIXES | _ARCHIVE_SUFFIXES or file.is_symlink() or not file.is_file():
            continue
        path = file.relative_to(root).as_posix()
        if suffix in AUDIO_SUFFIXES:
            yield path, file, ""
        else:
            try:
                with zipfile.ZipFile(file) as archive:
                    members = sorted(archive.namelist())
            except zipfile.BadZipFile as error:
                raise DataFault(
                    f"is no zip archive: {error}", where=str(file), hint="remove it and run again"
                ) from error
            for member in members:
                if Path(member).suffix.lower() in AUDIO_SUFFIXES:
                    yield f"{path}!{member}", file, member


def _group(package: str, speaker: str, path: str, merged: dict[str, str]) -> str:
    found = re.search(speaker, path) if speaker else None
    if found is None:
        return package
    names = [merged.get(name, name) for name in found.groups() if name]
    return "/".join([package, *names])


def _limited(recordings: list[Recording], limit: int | None) -> list[Recording]:
    """At most `limit`, chosen by the hash of the path: even over the package, and the same on every machine."""
    if limit is None or len(recordings) <= limit:
        return recordings
    chosen = sorted(recordings, key=lambda item: hashlib.sha256(item.path.encode()).digest())[:limit]
    return sorted(chosen, key=lambda item: item.path)
