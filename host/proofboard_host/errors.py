"""The root of the one error tree: every error says who is at fault, what was seen, where, and what to do.

`proofboard_harness.errors` adds the faults that need a board (bench, probe, target, firmware, test).
The command line prints these as one message and exits non-zero; a traceback is for bugs only.
"""

from __future__ import annotations

from typing import ClassVar


class ProofboardError(Exception):
    """Something a person can act on.

    Args:
        seen: the fact, in one sentence, with the offending value.
        where: file and key, clip, register, port: where it was seen.
        hint: what to do about it.
    """

    who: ClassVar[str] = "proofboard"

    def __init__(self, seen: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(seen)
        self.seen = seen
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.seen}" if self.where else self.seen
        return f"{head}\n  → {self.hint}" if self.hint else head


class DataFault(ProofboardError):
    """A recording, a label or a data source is wrong or missing."""

    who = "data"


class ModelFault(ProofboardError):
    """A network, a checkpoint or a graph can't be what it claims to be."""

    who = "model"


class ConfigurationFault(ProofboardError):
    """A file or an option that a person wrote holds a wrong value."""

    who = "configuration"
