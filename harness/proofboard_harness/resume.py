"""How a person goes on: with a run that ended early, or with another candidate of a search."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .events import Event, JournalOpened


class ResumeAdvice:
    """Learns from the bus where the journal of the run is.

    Args:
        arguments: of the command line that ends early, without the program's name.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        self._arguments = list(arguments)
        self._folder = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, JournalOpened):
            self._folder = event.folder

    @property
    def resumable(self) -> bool:
        """Whether there is a journal to go on from."""
        return bool(self._folder)

    @property
    def text(self) -> str:
        """What to do, in one line that can be pasted."""
        if not self._folder:
            return "run the same command again; stations that had finished are taken from the cache"
        again = self._arguments if "--resume" in self._arguments else [*self._arguments, "--resume", self._folder]
        return f"to go on where this stopped: {shlex.join(['proofboard', *again])}"


_NOT_OF_A_NEW_RUN = ("--out", "--resume", "--candidate")


def candidate_command(arguments: Sequence[str]) -> str:
    """The line that puts a candidate onto the board, its number left open; with the same data, board and budgets, so
    that it finds the same search.

    Args:
        arguments: of the `run` or `compress` that made the search, without the program's name.
    """
    searched = list(arguments[:1]) == ["compress"]
    kept: list[str] = []
    words = iter(arguments[1:])
    for word in words:
        name, given, _ = word.partition("=")
        if name == "--anew" or (searched and name == "--resume"):  # of `compress` these take no value
            continue
        if name in _NOT_OF_A_NEW_RUN:
            if not given:
                next(words, None)
            continue
        kept.append(word)
    return f"{shlex.join(['proofboard', 'run', *kept])} --candidate NUMBER"
