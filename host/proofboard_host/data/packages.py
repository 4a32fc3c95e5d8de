"""Debian packages as a source of recordings: downloaded with apt-get, unpacked with dpkg-deb, never installed.

Neither step needs root. Layout of the cache: `debs/<name>_<version>_<architecture>.deb` as apt-get names them,
`unpacked/<same stem>/` with the package's files.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import platformdirs
from filelock import FileLock

from ..errors import DataFault
from ..progress import Progress, silent

# Three at a time: a mirror is seldom faster with more, and unpacking is bound by the CPU anyway.
_AT_ONCE = 3
_ENVIRONMENT = {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
_OWN_DATA_HINT = "or bring your own recordings with --data DIR"


@dataclass(frozen=True)
class Package:
    """An unpacked package: `root` holds its files as they would lie under `/`."""

    name: str
    version: str
    root: Path


class PackageMissing(DataFault):
    """A package can't be had from here, by its name or for want of network; an optional one can be done without."""


def cache_folder() -> Path:
    """Where downloads and built data sets are kept: `$PROOFBOARD_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("PROOFBOARD_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("proofboard")


def cached_deb(pattern: str, cache: Path) -> Path | None:
    """The .deb in the cache for a package name, which may hold `*`; of several the one of the highest version."""
    found = [path for path in (cache / "debs").glob(f"{pattern}_*.deb") if path.is_file()]
    return max(found, key=lambda path: (_number_key(path.name), path.name), default=None)


def fetch(patterns: Sequence[str], cache: Path, progress: Progress = silent) -> dict[str, Package | PackageMissing]:
    """Have every package unpacked in the cache; what is there already is not downloaded again.

    Args:
        patterns: package names; one with `*` stands for the newest package whose name fits.
        cache: folder that may not exist yet.
        progress: counts packages.

    Returns:
        For each pattern the package, or the error that says why it can't be had (see `PackageMissing`).

    Raises:
        DataFault: no apt-get or dpkg-deb, the disk is full, or a cached file is no whole package.
    """
    _make_folder(cache / "debs")
    _make_folder(cache / "unpacked")
    with FileLock(cache / "packages.lock"), ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = {pattern: pool.submit(_fetch_one, pattern, cache) for pattern in patterns}
        result: dict[str, Package | PackageMissing] = {}
        for done, (pattern, job) in enumerate(jobs.items()):
            progress(done, len(jobs), f"package {pattern}")
            try:
                result[pattern] = job.result()
            except PackageMissing as missing:
                result[pattern] = missing
        progress(len(jobs), len(jobs), "packages unpacked")
    return result


def _fetch_one(pattern: str, cache: Path) -> Package:
    deb = cached_deb(pattern, cache) or _download(_real_name(pattern), cache / "debs")
    name, version, _ = deb.stem.split("_", 2)
    return Package(name, unquote(version), _unpack(deb, cache / "unpacked" / deb.stem))


def _real_name(pattern: str) -> str:
    """Newest package name that fits a pattern with `*`, by the numbers in it; other names are as they are."""
    if "*" not in pattern:
        return pattern
    stem = pattern.split("*", 1)[0]
    known = _run(["apt-cache", "pkgnames", stem], pattern).stdout.split()
    fitting = re.compile(re.escape(pattern).replace(r"\*", r"\d+(?:\.\d+)*"))
    names = [name for name in known if fitting.fullmatch(name)]
    if not names:
        raise PackageMissing(
            f"apt knows no package {pattern}",
            where="Debian packages",
            hint=f"run `apt-get update` as root once, {_OWN_DATA_HINT}",
        )
    return max(names, key=_number_key)


def _number_key(name: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", name)]


def _download(name: str, folder: Path) -> Path:
    """apt-get checks size and hash by the signed package lists; only a whole file is moved into the cache."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
        answer = _run(["apt-get", "download", "-q", name], name, folder=Path(scratch))
        files = sorted(Path(scratch).glob("*.deb"))
        if answer.returncode == 0 and files:
            return Path(shutil.move(files[0], folder / files[0].name))
    errors = [line for line in answer.stderr.splitlines() if line.startswith(("E:", "W: Failed"))]
    seen = "; ".join(errors) or answer.stderr.strip() or "apt-get left no file"
    if "Unable to locate package" in seen or "No candidate version" in seen or "no installation candidate" in seen:
        raise PackageMissing(
            f"apt knows no package {name}",
            where="Debian packages",
            hint=f"run `apt-get update` as root once, {_OWN_DATA_HINT}",
        )
    _raise_if_full(seen, name)
    raise PackageMissing(
        f"the download of {name} failed: {seen}",
        where="Debian packages",
        hint=f"check the network and run `apt-get update` as root, then run the same command again, {_OWN_DATA_HINT}",
    )


def _unpack(deb: Path, target: Path) -> Path:
    """Unpack beside the target and rename, so that a folder of that name is always whole."""
    if target.is_dir():
        return target
    scratch = Path(tempfile.mkdtemp(dir=target.parent, prefix=".unpack-"))
    try:
        answer = _run(["dpkg-deb", "-x", str(deb), str(scratch)], deb.name)
        if answer.returncode == 0:
            scratch.rename(target)
            return target
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    _raise_if_full(answer.stderr, deb.name)
    deb.unlink(missing_ok=True)
    raise DataFault(
        f"is no whole package: {answer.stderr.strip()}",
        where=str(deb),
        hint="a download was cut short; the file has been removed: run the same command again",
    )


def _run(command: list[str], package: str, *, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command, cwd=folder, env={**os.environ, **_ENVIRONMENT}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise DataFault(
            f"{command[0]} is not on this machine, so {package} can't be had",
            where="Debian packages",
            hint=f"use Debian or Ubuntu, {_OWN_DATA_HINT}",
        ) from error


def _raise_if_full(seen: str, package: str) -> None:
    if os.strerror(errno.ENOSPC).lower() in seen.lower() or "enough free space" in seen.lower():
        raise DataFault(
            f"the disk is full: no room for {package}",
            where=str(cache_folder()),
            hint="free about 2 GB, or put the cache on another disk with PROOFBOARD_CACHE=DIR",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataFault(
            f"can't be made: {error.strerror}",
            where=str(folder),
            hint="choose a folder you may write to with PROOFBOARD_CACHE=DIR",
        ) from error
