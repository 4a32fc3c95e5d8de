"""A user's own recordings: a folder a class, a CSV file, or the layouts of AudioSet and ESC-50.

Which of the four is meant follows from what is there; `layouts.py` reads the two public ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataFault
from .layouts import AUDIOSET_LABELS, ESC50_META, read_audioset, read_esc50
from .recordings import AUDIO_SUFFIXES, Recording, own_recording
from .tables import read_table_rows

_LAYOUTS = (
    "expected one sub-folder per class, a CSV file with the columns path,label,group, "
    "the AudioSet layout (class_labels_indices.csv beside a segments CSV), or the ESC-50 layout (meta/esc50.csv)"
)


@dataclass(frozen=True)
class OwnData:
    """What was found; `notices` tell what was passed over."""

    recordings: tuple[Recording, ...]
    notices: tuple[str, ...] = ()


def read_own_data(data: Path, classes: Sequence[str]) -> OwnData:
    """Find the recordings of `--data`.

    Args:
        data: a folder in one of the layouts, or a CSV file.
        classes: of the application; in the folder layout each needs a sub-folder of its name.

    Raises:
        DataFault: no such file, unknown layout, a class without recordings, a row without a label or without a file.
    """
    if data.is_file():
        found = OwnData(tuple(_from_csv(data, classes)))
    elif not data.is_dir():
        raise DataFault("there is no such file or folder", where=str(data), hint=_LAYOUTS)
    elif (data / ESC50_META).is_file():
        found = OwnData(*read_esc50(data, classes))
    elif (data / AUDIOSET_LABELS).is_file():
        found = OwnData(*read_audioset(data, classes))
    else:
        found = OwnData(tuple(_from_folders(data, classes)))
    labels = {recording.label for recording in found.recordings}
    for name in classes:
        if name not in labels:
            raise DataFault(f"no recording of class {name!r}", where=str(data), hint=f"classes: {', '.join(classes)}")
    return found


def state_of(data: Path) -> list[tuple[str, int, int]]:
    """(relative path, bytes, time of change in ns) of every file, by which a changed folder is known."""
    root = data.parent if data.is_file() else data
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    return [(str(path.relative_to(root)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def _from_folders(data: Path, classes: Sequence[str]) -> Iterator[Recording]:
    """Files directly in a class's folder are a group each; those of a deeper folder are one group together."""
    folders = {path.name: path for path in sorted(data.iterdir()) if path.is_dir() and not path.name.startswith(".")}
    if not set(classes) & set(folders):
        raise DataFault("the layout of this folder is unknown", where=str(data), hint=_LAYOUTS)
    for name in folders:
        if name not in classes:
            raise DataFault(
                f"folder {name!r} is no class of the application",
                where=str(data),
                hint=f"classes: {', '.join(classes)}; rename the folder or move it away",
            )
    for name in classes:
        files = [] if name not in folders else _sounds(folders[name])
        if not files:
            raise DataFault(
                f"class {name!r} has no recordings",
                where=str(data / name),
                hint=f"put sound files ({', '.join(sorted(AUDIO_SUFFIXES))}) into it",
            )
        for file in files:
            path = file.relative_to(data)
            group = path.parent if len(path.parts) > 2 else path
            yield own_recording(data, file, label=name, group=group.as_posix())


def _sounds(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file()]


def _from_csv(table: Path, classes: Sequence[str]) -> Iterator[Recording]:
    """Rows of path,label,group; paths count from the CSV's folder; an empty group makes the file its own group."""
    for row, where in read_table_rows(table, required=("path", "label")):
        label = row["label"]
        if not label:
            raise DataFault("the label is missing", where=where, hint=f"classes: {', '.join(classes)}")
        if label not in classes:
            raise DataFault(f"unknown label {label!r}", where=where, hint=f"classes: {', '.join(classes)}")
        file = table.parent / row["path"]
        if not file.is_file():
            raise DataFault(f"there is no file {row['path']!r}", where=where, hint=f"paths count from {table.parent}")
        yield own_recording(table.parent, file, label=label, group=row.get("group") or row["path"])
