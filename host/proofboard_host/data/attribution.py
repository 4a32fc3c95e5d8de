"""Who made the recordings and under which licence: written beside every model that was trained on them."""

from __future__ import annotations

import contextlib
import json
import os
from collections import defaultdict
from dataclasses import asdict
from pathlib import Path

from ..errors import DataFault
from .clips import Clip, Dataset

# Up to this many file names stand in the text; the lock file names all of them.
_NAMED_FILES = 400


def write_attribution(dataset: Dataset, path: Path) -> None:
    """Write ATTRIBUTION.md: per package version, licences and clips; file by file where a package has several licences.

    Raises:
        DataFault: the file can't be written.
    """
    packages: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in dataset.clips:
        packages[clip.package, clip.version].append(clip)
    lines = [
        "# Recordings used",
        "",
        f"Data set `{dataset.name}`, fingerprint `{dataset.fingerprint}`: {len(dataset.clips)} clips.",
        "The full texts and the authors are in `/usr/share/doc/<package>/copyright` of each Debian package "
        "(https://sources.debian.org/copyright/).",
        "",
        "| package | version | licences | recordings | clips | of them field |",
        "|---|---|---|---|---|---|",
    ]
    for (package, version), clips in sorted(packages.items()):
        licences = ", ".join(sorted({clip.licence for clip in clips}))
        field = sum(clip.split == "field" for clip in clips)
        recordings = len({clip.path for clip in clips})
        lines.append(f"| {package} | {version or '–'} | {licences} | {recordings} | {len(clips)} | {field} |")
    for (package, _), clips in sorted(packages.items()):
        by_licence: dict[str, set[str]] = defaultdict(set)
        for clip in clips:
            by_licence[clip.licence].add(clip.path)
        if len(by_licence) > 1:
            lines += ["", f"## {package}, file by file"]
            for licence, paths in sorted(by_licence.items()):
                lines += ["", f"{licence}:", ""] + [f"- `{name}`" for name in sorted(paths)[:_NAMED_FILES]]
                if len(paths) > _NAMED_FILES:
                    lines.append(f"- and {len(paths) - _NAMED_FILES} more, all in dataset.lock.json")
    _write(path, "\n".join(lines) + "\n")


def write_lock(dataset: Dataset, path: Path) -> None:
    """Write dataset.lock.json: every clip with all its fields, in the order of the samples.

    Raises:
        DataFault: the file can't be written.
    """
    document = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "classes": list(dataset.classes),
        "notices": list(dataset.notices),
        "clips": [asdict(clip) for clip in dataset.clips],
    }
    _write(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def _write(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise DataFault(
            f"can't be written: {error.strerror}", where=str(path), hint="free some space, or choose another folder"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
