"""One user at a time: a lock per board, held by a process for as long as it uses the board."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import platformdirs

from .errors import BenchFault


def lock_folder() -> Path:
    """Where the locks of this user are."""
    return platformdirs.user_state_path("proofboard") / "locks"


@contextlib.contextmanager
def board_lock(key: str, *, folder: Path | None = None, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of a board.

    The operating system drops it when the process ends, however it ends.

    Args:
        key: what is locked; better the probe's uid than a board name where there is one.
        folder: where the lock files are; `lock_folder()` by default.
        wait_seconds: how long to wait for another holder.

    Raises:
        BenchFault: another process holds it; its pid, host and command are named.
    """
    folder = lock_folder() if folder is None else folder
    stem = re.sub(r"[^A-Za-z0-9._-]", "_", key)
    # The holder is a file of its own: opening the lock file empties it, even by one who then fails to get it.
    holder_file = folder / f"{stem}.holder.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / f"{stem}.lock", timeout=wait_seconds)
        lock.acquire()
    except filelock.Timeout as error:
        raise BenchFault(
            f"board {key!r} is in use by {_read_holder(holder_file)}",
            where=str(folder / f"{stem}.lock"),
            hint="wait until it has ended, or end it",
        ) from error
    except OSError as error:
        raise BenchFault(f"can't lock board {key!r}: {error.strerror}", where=str(folder)) from error
    try:
        _write_holder(holder_file)
        yield
    finally:
        holder_file.unlink(missing_ok=True)
        lock.release()


def _write_holder(path: Path) -> None:
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "command": sys.argv}
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(holder), encoding="utf-8")
    temporary.replace(path)


def _read_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']}: {' '.join(holder['command'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has not told its name yet"
