"""What a contest compares: methods, sizes, seeds, and the levers of ours that are taken away one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..application import Application
from ..search.candidate import Candidate
from ..search.pool import POOL_ROWS
from ..search.space import Levers
from ..search.student import Effort
from ..search.workbench import Efforts
from .families import Family, own, separable
from .recipes import Recipe, Tuning

INT8 = Recipe("int8", "int8 after training", "none")
RIVALS = (
    Recipe("uniform", "uniform pruning of neurons, int8", "neurons"),
    Recipe("magnitude", "magnitude pruning of weights, int8", "weights"),
)

OURS = Candidate(
    frame_step=2,
    bands=32,
    kernel=2,
    stride=2,
    channels=8,
    hidden=16,
    grown=8,
    rank=0,
    bits=4,
    head_bits=4,
    rounding="second_order",
    distilled=0.8,
    gather="places",
)
"""The search's first proposal. A search finds more than its ladder of widths: that is not counted here."""


_GROWN = 3  # times the channels that remain


def ours(channels: int) -> Candidate:
    """Our candidate of another width."""
    return dataclasses.replace(OURS, channels=channels, grown=channels)


_WITHOUT: Mapping[str, str] = MappingProxyType(
    {
        "inputs": "every frame is read",
        "time_shared": "the first layer is fully connected",
        "few_bits": "8 bits",
        "rounding": "weights rounded to the nearest code",
        "distillation": "labels alone",
    }
)
"""`low_rank` and `pruning` are missing: the candidate does not use them, so they can only be added."""


def variants(bands: int) -> dict[str, Candidate]:
    """Ours, ours less one lever each, and ours with what it does not use; by title."""
    found = {"ours": OURS}
    for name, title in _WITHOUT.items():
        levers = dataclasses.replace(Levers(), **{name: False})
        found[f"− {name.replace('_', ' ')}: {title}"] = levers.applied(OURS, bands)
    return found | {
        "+ pruning: of each channel the largest answer": dataclasses.replace(
            OURS, gather="largest", grown=_GROWN * OURS.channels
        ),
        "+ low rank: 2": dataclasses.replace(OURS, rank=2),
        "+ 2 bits in the first layer": dataclasses.replace(OURS, bits=2),
        "+ trained on the grid": dataclasses.replace(OURS, rounding="aware"),
    }


@dataclass(frozen=True)
class Plan:
    """How much a contest does.

    Attributes:
        seeds: how many, counted up from the application's.
        shares: of neurons or weights that the rivals keep, falling.
        channels: of ours, falling.
        efforts: training of ours.
        families: what to begin with; variants are made of the first.
        variants: of our candidate, by title, compared at one size; `ours` first.
        variant_seeds: how many of the seeds those are compared with, at most.
        pool_rows: varied hearings to learn from.
    """

    seeds: int
    families: tuple[Family, ...]
    shares: tuple[float, ...]
    channels: tuple[int, ...]
    efforts: Efforts
    variants: Mapping[str, Candidate]
    variant_seeds: int = 3
    pool_rows: int = POOL_ROWS


def full_plan(application: Application, seeds: int) -> Plan:
    """All of it."""
    return Plan(
        seeds,
        (own(application), separable(application)),
        (1.0, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.06, 0.045, 0.03, 0.02, 0.0125, 0.008),
        (12, 8, 4, 2, 1),
        Efforts(),
        variants(application.frontend.mel_bands),
    )


def quick_plan(application: Application, seeds: int) -> Plan:
    """The same steps on hardly any training: shows that they work, its figures say nothing of the methods."""
    short = Effort(60, 5e-3, batch=64)
    once = Tuning(short, steps=1)
    some = variants(application.frontend.mel_bands)
    return Plan(
        seeds,
        (own(application, once), separable(application, once, channels=4, epochs=1)),
        (1.0, 0.25),
        (8,),
        Efforts(short, short, short, short, pruning_steps=1),
        {title: some[title] for title in list(some)[:2]},
        pool_rows=4000,
    )
