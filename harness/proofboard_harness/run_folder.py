"""Where a run keeps what it makes: a new folder for each, or an earlier one to go on with."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .errors import BenchFault
from .results import ResultStore

JOURNAL = "results.sqlite"


def check_run_folder(runs: Path, resume: Path | None) -> None:
    """Refuse before the long stations what would fail after them."""
    if resume is not None:
        if not (resume / JOURNAL).is_file():
            raise BenchFault(
                "is no run that can be resumed", where=str(resume), hint="give the folder of an earlier run"
            )
        if not os.access(resume, os.W_OK | os.X_OK):
            raise BenchFault(
                "can't be gone on with: you may not write there", where=str(resume), hint="copy it, and resume the copy"
            )
        return
    try:
        runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(runs, error.strerror) from error
    if not os.access(runs, os.W_OK | os.X_OK):
        raise _unwritable(runs, "you may not write there")


def require_same_images(resume: Path, facts: Mapping[str, str]) -> None:
    """Refuse to go on with a run of other images before anything in its folder is overwritten.

    Args:
        resume: the run's folder.
        facts: keys and values as `ResultStore.bind` takes them.

    Raises:
        LastingFault: the run's results belong to other images.
    """
    with ResultStore(resume / JOURNAL) as store:
        for key, value in facts.items():
            store.bind(key, value)


def make_run_folder(runs: Path, stem: str) -> Path:
    """A new folder, named for the time; one that began in the same second leaves it to this one to be another."""
    stem = f"{stem}-{datetime.now():%Y%m%d-%H%M%S}"
    for number in itertools.count(1):
        folder = runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(runs, error.strerror) from error
        return folder
    raise AssertionError("there is always another number")


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """What the system says of a write names a source, a temporary file or nothing: a person needs the run's folder."""
    try:
        yield
    except (OSError, shutil.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BenchFault(f"can't be written: {reason}", where=str(folder), hint="free some space, run again") from error


def _unwritable(runs: Path, reason: str | None) -> BenchFault:
    return BenchFault(
        f"can't hold run folders: {reason}", where=str(runs), hint="choose another place for them with --runs DIR"
    )
