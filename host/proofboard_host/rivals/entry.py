"""The way into a contest. PyTorch is imported only by who holds one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..application import Application
from ..data.clips import Dataset
from ..errors import ConfigurationFault
from ..progress import silent
from ..search.costs import CostModel
from ..train.pipeline import TrainedApplication, load_material
from .cells import Cell
from .results import ContestResult, MethodResult, VariantResult

__all__ = ["Cell", "ContestOrder", "ContestResult", "MethodResult", "VariantResult", "hold_contest"]

Extent = Literal["full", "quick"]


@dataclass(frozen=True)
class ContestOrder:
    """`seeds` ≥ 1; `extent`: `quick` shows in a minute that all steps work, its figures say nothing of the methods."""

    seeds: int
    extent: Extent

    def __post_init__(self) -> None:
        if self.seeds < 1 or self.extent not in get_args(Extent):
            raise ConfigurationFault(f"{self.seeds} seeds, {self.extent}", hint="at least one seed; full or quick")


def hold_contest(
    application: Application,
    dataset: Dataset,
    trained: TrainedApplication,
    costs: CostModel,
    order: ContestOrder,
    *,
    cache: Path,
    tell: Callable[[str], None],
) -> ContestResult:
    """Compare the methods on an application's training side, out of fold.

    Args:
        trained: gives the folds and the rows to train on.
        cache: folder for cells, made if need be.
        tell: is told what is being made.

    Raises:
        ModelFault: a baseline can't be trained, or not be held in 8 bits.
    """
    from .contest import Contest
    from .floor import Floor
    from .plan import full_plan, quick_plan

    plan = {"full": full_plan, "quick": quick_plan}[order.extent](application, order.seeds)
    tell("reading what to train on")
    material = load_material(application, dataset, trained, silent)
    floor = Floor(application, material, dataset.groups("train"), costs, plan.pool_rows, trained.teachers)
    return Contest(floor, plan, cache, tell).run()
