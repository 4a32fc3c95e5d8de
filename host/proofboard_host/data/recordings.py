"""A sound file that curation is to work on, wherever it came from."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataFault
from .clips import Split

AUDIO_SUFFIXES = frozenset({".wav", ".ogg", ".oga", ".opus", ".mp3", ".flac", ".g722"})


@dataclass(frozen=True)
class Recording:
    """One source file with what is known of it before it is heard.

    Attributes:
        file: on this machine; an archive when `member` is given.
        member: name inside the zip archive `file`, or empty.
        path: what `Clip.path` will say.
        kind: see `labelling.label_of`; for a user's own data the label itself.
        label: given label; None lets `labelling.label_of` decide by `kind` and sound.
        split: None lets the split be drawn by group.
        windows: at most so many windows are cut.
        start, stop: seconds of `file` that are meant (AudioSet segments); `stop` None is the end.
    """

    file: Path
    member: str
    path: str
    kind: str
    label: str | None
    split: Split | None
    group: str
    package: str
    version: str
    licence: str
    windows: int
    start: float = 0.0
    stop: float | None = None

    @property
    def suffix(self) -> str:
        """Lower-case suffix that names the format."""
        return Path(self.member or self.file.name).suffix.lower()

    def read(self) -> bytes:
        """The file's bytes. An archive's member is read into memory, so its name can never become a path here."""
        try:
            if not self.member:
                return self.file.read_bytes()
            with zipfile.ZipFile(self.file) as archive:
                return archive.read(self.member)
        except (OSError, zipfile.BadZipFile, KeyError) as error:
            raise DataFault(
                f"can't be read: {error}", where=str(self.file) + (f"!{self.member}" if self.member else "")
            ) from error


#: Windows cut of one of a user's recordings at most.
OWN_WINDOWS = 4


def own_recording(
    data: Path, file: Path, *, label: str, group: str, start: float = 0.0, stop: float | None = None
) -> Recording:
    """A recording of a user's own, whose label is given and whose side is drawn later. `start`, `stop` in seconds."""
    return Recording(
        file=file,
        member="",
        path=file.relative_to(data).as_posix() if file.is_relative_to(data) else str(file),
        kind=label,
        label=label,
        split=None,
        group=f"{data.name}/{group}",
        package=data.name,
        version="",
        licence="unstated",
        windows=OWN_WINDOWS,
        start=start,
        stop=stop,
    )
