"""The faults that need a board, on the error tree of `proofboard_host.errors`.

Only bench and probe faults are worth a second try, and of those not the lasting ones; see `retry`.
"""

from __future__ import annotations

from proofboard_host.errors import ConfigurationFault, DataFault, ModelFault, ProofboardError

__all__ = [
    "BenchFault",
    "ConfigurationFault",
    "DataFault",
    "FirmwareFault",
    "LastingFault",
    "ModelFault",
    "ProbeFault",
    "ProofboardError",
    "StaleFirmware",
    "TargetFault",
    "ToolMissing",
]


class BenchFault(ProofboardError):
    """The bench: a port, a simulator process, a lock, the disk."""

    who = "bench"


class LastingFault(BenchFault):
    """A fault of the bench that stays until a person does something: a second try would meet it again."""


class ToolMissing(LastingFault):
    """A program that must be installed is not on the PATH."""


class ProbeFault(ProofboardError):
    """The debug probe, or pyOCD on its behalf, could not do what was asked."""

    who = "probe"


class TargetFault(ProofboardError):
    """The target answered wrongly, crashed, or fell silent."""

    who = "target"


class FirmwareFault(ProofboardError):
    """The image can't be built, does not fit, or is not the one expected."""

    who = "firmware"


class StaleFirmware(FirmwareFault):
    """The target runs another image than the one that was just built."""
