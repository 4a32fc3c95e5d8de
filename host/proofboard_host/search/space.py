"""The space that is searched, and where the search begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

import optuna

from .candidate import Candidate, Gather, Rounding


@dataclass(frozen=True)
class Levers:
    """What compression may do; each can be taken away to see what it is worth (docs/compression.md).

    Attributes:
        inputs: read fewer frames and mel bands.
        time_shared: the first layer's weights serve every place in time.
        pruning: channels are pruned from a wider network instead of trained from the start.
        low_rank: the first layer as a product.
        few_bits: weights of 4 and 2 bits.
        rounding: by second-order information, or trained on the grid.
        distillation: the baseline's answers as targets.
    """

    inputs: bool = True
    time_shared: bool = True
    pruning: bool = True
    low_rank: bool = True
    few_bits: bool = True
    rounding: bool = True
    distillation: bool = True

    def applied(self, candidate: Candidate, bands: int) -> Candidate:
        """The candidate without what is not allowed, for a front end of `bands` mel bands."""
        values: dict[str, Any] = candidate.to_json()
        if not self.inputs:
            values |= {"frame_step": 1, "bands": bands}
        if not self.time_shared:
            values |= {"kernel": 0, "stride": 1, "gather": "largest"}
        if not self.pruning:
            values |= {"grown": values["channels"]}
        if not self.low_rank:
            values |= {"rank": 0}
        if not self.few_bits:
            values |= {"bits": 8, "head_bits": 8}
        if not self.rounding:
            values |= {"rounding": "nearest"}
        if not self.distillation:
            values |= {"distilled": 0.0}
        return Candidate(**values)


_SHAPES = ("all", "1/1", "2/2", "3/3", "4/4", "2/1", "3/2")
_ROUNDINGS: Mapping[str, Rounding] = MappingProxyType({name: name for name in get_args(Rounding)})
_DISTILLED = 0.8
_GROWN = 3  # times the channels that remain after pruning


def _start(*, frame_step: int, shape: str, channels: int, hidden: int) -> dict[str, Any]:
    """All mel bands, every place's answers, 4 bits by second-order rounding."""
    return {
        "frame_step": frame_step,
        "bands": 32,
        "shape": shape,
        "channels": channels,
        "hidden": hidden,
        "pruned": False,
        "rank": 0,
        "bits": 4,
        "head_bits": 4,
        "rounding": "second_order",
    }


STARTS: tuple[dict[str, Any], ...] = (
    _start(frame_step=2, shape="2/2", channels=8, hidden=16),
    _start(frame_step=2, shape="3/3", channels=8, hidden=16),
    _start(frame_step=2, shape="2/2", channels=12, hidden=16),
    _start(frame_step=1, shape="4/4", channels=8, hidden=16),
    _start(frame_step=3, shape="2/2", channels=8, hidden=16),
    _start(frame_step=2, shape="2/2", channels=8, hidden=8),
)
"""Tried first, in this order: points of different kinds that experiments on the shipped application found good."""


def suggest(trial: optuna.Trial, bands: int) -> Candidate:
    """A candidate for a front end of `bands` mel bands."""
    shape = trial.suggest_categorical("shape", _SHAPES)
    kernel, stride = (0, 1) if shape == "all" else (int(part) for part in shape.split("/"))
    channels = trial.suggest_int("channels", 8, 16, step=4)
    # A time-shared channel's largest answer rises with every odd sound: it holds less well on other recordings.
    gather: Gather = "places" if kernel else "largest"
    pruned = trial.suggest_categorical("pruned", (True, False)) and gather == "largest"
    return Candidate(
        frame_step=trial.suggest_int("frame_step", 1, 4),
        bands=min(bands, trial.suggest_categorical("bands", (12, 16, 20, 24, 32))),
        kernel=kernel,
        stride=stride,
        channels=channels,
        hidden=trial.suggest_categorical("hidden", (0, 4, 8, 16)),
        grown=channels * _GROWN if pruned else channels,
        rank=trial.suggest_categorical("rank", (0, 2, 4)),
        bits=trial.suggest_categorical("bits", (8, 4, 2)),
        head_bits=trial.suggest_categorical("head_bits", (8, 4, 2)),
        rounding=_ROUNDINGS[trial.suggest_categorical("rounding", tuple(_ROUNDINGS))],
        distilled=_DISTILLED,
        gather=gather,
    )
