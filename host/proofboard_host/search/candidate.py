"""A candidate: all that decides a compressed network but its training material and seed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from ..compress.weights import CODES
from ..errors import ModelFault

Rounding = Literal["nearest", "second_order", "aware"]
Gather = Literal["largest", "places"]


@dataclass(frozen=True)
class Candidate:
    """One point of the search space.

    The first layer looks at `kernel` neighbouring frames with the same weights at every `stride`-th place:
    time-shared. A kernel of all frames has one place: fully connected.

    Attributes:
        frame_step: every how many frames one is read; what is not read is not computed.
        bands: mel bands read, those that matter most to the baseline.
        kernel, stride: frames among those read; `kernel` 0 is all of them.
        channels: outputs of the first layer.
        hidden: width of the layer between it and the logits; 0 for none.
        grown: channels it is trained with before pruning to `channels`; equal to it for no pruning.
        rank: of the first layer's weights, as a product of two matrices; 0 for full.
        bits: of the first layer's weights (both factors); `head_bits` of all behind.
        rounding: each weight to its nearest code, by second-order information, or trained on the grid.
        distilled: share of the baseline's answer in the training target, 0..1; the rest is the label.
        gather: what goes on from the places: the largest answer of each channel, or every place's answers, so that the
            next layer knows when something was heard. The latter is not pruned.
    """

    frame_step: int
    bands: int
    kernel: int
    stride: int
    channels: int
    hidden: int
    grown: int
    rank: int
    bits: int
    head_bits: int
    rounding: Rounding
    distilled: float
    gather: Gather = "largest"

    def __post_init__(self) -> None:
        for name in ("frame_step", "bands", "stride", "channels"):
            self._require(getattr(self, name) >= 1, name)
        for name in ("kernel", "hidden", "rank"):
            self._require(getattr(self, name) >= 0, name)
        self._require(self.grown >= self.channels, "grown")
        self._require(self.gather == "largest" or self.grown == self.channels, "grown")
        self._require(self.bits in CODES and self.head_bits in CODES, "bits")
        self._require(0.0 <= self.distilled <= 1.0, "distilled")

    def _require(self, fact: bool, name: str) -> None:
        if not fact:
            raise ModelFault(f"{name} {getattr(self, name)!r} is out of range", where="candidate")

    def kernel_of(self, frames: int) -> int:
        """Frames one place sees, where `frames` are read."""
        return min(self.kernel or frames, frames)

    def places(self, frames: int) -> int:
        """Places of the first layer, where `frames` are read."""
        return 1 + (frames - self.kernel_of(frames)) // self.stride

    @property
    def label(self) -> str:
        """One line for a table."""
        first = f"{self.kernel}/{self.stride}×" if self.kernel else "all×"
        gather = {"largest": "", "places": " all places"}[self.gather]
        rank = f" rank {self.rank}" if self.rank else ""
        grown = f" (from {self.grown})" if self.grown > self.channels else ""
        hidden = f"–{self.hidden}" if self.hidden else ""
        inputs = f"1:{self.frame_step} frames, {self.bands} bands"
        rounding = {"nearest": "", "second_order": " 2nd-order", "aware": " trained"}[self.rounding]
        return (
            f"{inputs}, {first}{self.channels}{grown}{gather}{hidden}{rank}, {self.bits}/{self.head_bits} bit{rounding}"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return dataclasses.asdict(self)


def candidate_from_json(values: dict[str, Any]) -> Candidate:
    """The inverse of `to_json`.

    Raises:
        ModelFault: a key too many or too few, or a value out of range.
    """
    try:
        return Candidate(**values)
    except TypeError as error:
        raise ModelFault(f"is no candidate: {error}", where="candidate") from error
