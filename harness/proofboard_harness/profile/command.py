"""`proofboard profile`: an ended run's images once more, counted."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..boards import load_board
from ..elf import Image
from ..errors import ConfigurationFault, DataFault, FirmwareFault
from ..report.codec import load_record, write_whole
from ..report.record import RunRecord
from ..spec import BoardSpec
from ..symbols import build_id
from .attribution import Predictions
from .clips import load_clips
from .figures import ImageProfile
from .session import ProfileClips, Subject, profile_image

FILE = "profile.json"


@dataclass(frozen=True)
class ProfileOptions:
    """`run`: its folder; `images`: names of them; `clips`: the most to stream; `board`: a folder, where the run's board
    is not one of those that ship with Proofboard."""

    run: Path
    images: tuple[str, ...]
    clips: int
    board: str | None = None


def profile_run(options: ProfileOptions, progress: Callable[[int, int, str], None]) -> tuple[list[ImageProfile], Path]:
    """Profile images of an ended run.

    Returns:
        The profiles, and the file in the run's folder that holds them.

    Raises:
        DataFault: the folder holds no ended run, or one of an older Proofboard.
        ConfigurationFault: the board is unknown, or not the run's.
        FirmwareFault, BenchFault, ProbeFault, TargetFault: as `profile_image`.
    """
    record = load_record(options.run / "record.json")
    board = _board(record, options.board)
    subjects = [_subject(record, options.run, image) for image in options.images]
    clips = {image: load_clips(options.run, image, options.clips) for image in options.images}
    profiles = profile_images(subjects, clips, board, progress)
    return profiles, save_profiles(profiles, options.run)


def profile_images(
    subjects: Sequence[Subject],
    clips: Mapping[str, ProfileClips],
    board: BoardSpec,
    progress: Callable[[int, int, str], None],
) -> list[ImageProfile]:
    """Profile images one after the other; `clips` is by image, `progress` counts all of them."""
    total = sum(len(of_image.pcm) for of_image in clips.values())
    profiles: list[ImageProfile] = []
    for subject in subjects:
        before = sum(profile.clips for profile in profiles)

        def advance(done: int, before: int = before, name: str = subject.name) -> None:
            progress(before + done, total, name)

        profiles.append(profile_image(subject, clips[subject.name], board, advance))
    return profiles


def save_profiles(profiles: Sequence[ImageProfile], folder: Path) -> Path:
    """Write `profile.json`. Raises BenchFault if it can't be written."""
    path = folder / FILE
    document = {profile.image: dataclasses.asdict(profile) for profile in profiles}
    write_whole(path, json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n")
    return path


def _board(record: RunRecord, named: str | None) -> BoardSpec:
    board = load_board(named or record.board.name)
    if board.name != record.board.name:
        raise ConfigurationFault(f"the run's images are for board {record.board.name!r}, not {board.name!r}")
    return board


def _subject(record: RunRecord, folder: Path, image: str) -> Subject:
    facts = {"baseline": record.baseline, "compressed": record.compressed}[image]
    elf = folder / f"{image}.elf"
    if not facts.layers:
        raise DataFault("was written before runs were profiled", where=str(folder), hint="run the application again")
    found = build_id(Image.load(elf))
    if found != facts.build_id:
        raise FirmwareFault(
            f"is build {found[:12]}, the run's is {facts.build_id[:12]}", where=str(elf), hint="name another run"
        )
    predictions = Predictions(facts.layers, facts.frontend.predicted, facts.network.predicted)
    return Subject(image, elf, folder / f"{image}.generated", facts.model_hash, predictions)
