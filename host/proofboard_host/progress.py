"""How a long step tells what it is doing, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as `progress(done, total, detail)`; `done` never falls, `total` may grow as more work is found."""

    def __call__(self, done: int, total: int, detail: str = "") -> None: ...


def silent(done: int, total: int, detail: str = "") -> None:
    """A `Progress` nobody listens to."""
