"""A candidate that is the application's own convolutional network with fewer channels."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from ..errors import ModelFault


@dataclass(frozen=True)
class Pruned:
    """`shares`: of the channels that are left behind each step of pruning, falling; none for the network as it is.

    `allowed`: error of the outputs that fewer bits may make, as a share of their variance.
    """

    shares: tuple[float, ...]
    allowed: float = 0.01

    def __post_init__(self) -> None:
        bounds = (1.0, *self.shares)
        if any(not 0 < after < before for before, after in zip(bounds, self.shares, strict=False)):
            raise ModelFault(f"shares {self.shares} do not fall from 1", where="candidate")

    @property
    def label(self) -> str:
        """One line for a table."""
        share = f"{self.shares[-1]:.0%} of its channels" if self.shares else "all channels"
        return f"own network, {share}, bits by sensitivity"

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return dataclasses.asdict(self)


def pruned_from_json(values: dict[str, Any]) -> Pruned:
    """The inverse of `to_json`; raises ModelFault where it is something else."""
    try:
        return Pruned(tuple(float(share) for share in values["shares"]), float(values["allowed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFault(f"is no candidate: {error}", where="candidate") from error
