"""The folder layouts of two public data sets, AudioSet and ESC-50.

AudioSet (https://research.google.com/audioset/download.html): segments in CSV lines `YTID, start, end, "mid,mid"`,
names in `class_labels_indices.csv` (index,mid,display_name); the sound itself has to be obtained by the user.
ESC-50 (https://github.com/karolpiczak/ESC-50): `meta/esc50.csv` and `audio/`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import av
import av.error

from ..errors import DataFault
from .recordings import AUDIO_SUFFIXES, Recording, own_recording
from .tables import read_headless_rows, read_table_rows

AUDIOSET_LABELS = "class_labels_indices.csv"
ESC50_META = Path("meta", "esc50.csv")

#: The class that takes whatever is named like none of the others.
OTHER = "other"
# A sound file this much longer than its segment is the whole track, from which the segment is still to be cut.
_SLACK_SECONDS = 1.0

Found = tuple[tuple[Recording, ...], tuple[str, ...]]


def class_of(names: Iterable[str], classes: Sequence[str]) -> str | None:
    """The class that fits a clip's label names: one with a word that begins with the class's name (`Screaming` is a
    `scream`); else the class `other`; None when there is no such class."""
    words = [word for name in names for word in re.findall(r"[a-z0-9]+", name.lower())]
    for candidate in classes:
        if candidate != OTHER and any(word.startswith(candidate.lower()) for word in words):
            return candidate
    return OTHER if OTHER in classes else None


def read_esc50(data: Path, classes: Sequence[str]) -> Found:
    """Recordings of an ESC-50 folder. Clips cut from one source file (`src_file`) are one group."""
    recordings: list[Recording] = []
    unused = 0
    for row, where in read_table_rows(data / ESC50_META, required=("filename", "category")):
        if not row["category"]:
            raise DataFault("the label is missing", where=where, hint="fill the column 'category'")
        label = class_of([row["category"]], classes)
        if label is None:
            unused += 1
            continue
        file = data / "audio" / row["filename"]
        if not file.is_file():
            raise DataFault(f"there is no file audio/{row['filename']}", where=where, hint="unpack the data set again")
        recordings.append(own_recording(data, file, label=label, group=row.get("src_file") or row["filename"]))
    return tuple(recordings), _unused(unused)


def read_audioset(data: Path, classes: Sequence[str]) -> Found:
    """Recordings of an AudioSet folder: every segment whose sound is there. One video is one group.

    The sound is looked for in `audio/` and in `data` itself, as `<YTID>_<start>.<suffix>` (already cut; start in
    seconds or milliseconds) or as `<YTID>.<suffix>` (already cut when it is no longer than the segment).
    """
    names = {
        row["mid"]: row["display_name"] for row, _ in read_table_rows(data / AUDIOSET_LABELS, ("mid", "display_name"))
    }
    sounds = {
        path.stem: path
        for folder in (data, data / "audio")
        if folder.is_dir()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in AUDIO_SUFFIXES
    }
    tables = [path for path in sorted(data.glob("*.csv")) if path.name != AUDIOSET_LABELS]
    if not tables:
        raise DataFault("the segments CSV is missing", where=str(data), hint="put balanced_train_segments.csv there")
    recordings: list[Recording] = []
    absent = unused = 0
    for table in tables:
        for fields, where in read_headless_rows(table):
            video, start, stop, mids = _segment(fields, where)
            unknown = [mid for mid in mids if mid not in names]
            if unknown:
                raise DataFault(f"label {unknown[0]!r} is not in {AUDIOSET_LABELS}", where=where)
            label = class_of([names[mid] for mid in mids], classes)
            file, is_cut = _sound_of(video, start, sounds)
            if label is None:
                unused += 1
            elif file is None:
                absent += 1
            elif is_cut or _seconds(file) <= stop - start + _SLACK_SECONDS:
                recordings.append(own_recording(data, file, label=label, group=video))
            else:
                recordings.append(own_recording(data, file, label=label, group=video, start=start, stop=stop))
    if not recordings:
        raise DataFault("no segment's sound is there", where=str(data), hint="put <YTID>_<start>.wav files into audio/")
    missing = (f"{absent} segments passed over: their sound is not there",) if absent else ()
    return tuple(recordings), missing + _unused(unused)


def _segment(fields: list[str], where: str) -> tuple[str, float, float, list[str]]:
    if len(fields) != 4:
        raise DataFault(f"has {len(fields)} fields, not 4", where=where, hint='as in: YTID, 0.0, 10.0, "/m/03qc9zr"')
    try:
        start, stop = float(fields[1]), float(fields[2])
    except ValueError as error:
        raise DataFault(f"{fields[1]!r}, {fields[2]!r} are not two times in seconds", where=where) from error
    if not 0 <= start < stop:
        raise DataFault(f"the segment {start:g}..{stop:g} s is empty", where=where)
    mids = [mid for mid in fields[3].split(",") if mid]
    if not mids:
        raise DataFault("the label is missing", where=where, hint="fill the field positive_labels")
    return fields[0], start, stop, mids


def _sound_of(video: str, start: float, sounds: dict[str, Path]) -> tuple[Path | None, bool]:
    """File of a segment, and whether its name says that it is cut already."""
    for name in (f"{start:g}", f"{start:.1f}", f"{start:.3f}", f"{round(start * 1000)}"):
        if f"{video}_{name}" in sounds:
            return sounds[f"{video}_{name}"], True
    return sounds.get(video), False


def _seconds(file: Path) -> float:
    try:
        with av.open(str(file), mode="r", metadata_errors="replace") as container:
            return (container.duration or 0) / av.time_base
    except (av.error.FFmpegError, OSError) as error:
        raise DataFault(f"can't be decoded: {error}", where=str(file), hint="remove or replace the file") from error


def _unused(count: int) -> tuple[str, ...]:
    return (f"{count} recordings passed over: they belong to no class of the application",) if count else ()
