"""The search itself: optuna proposes, the workbench trains, the linker and the judge answer. It can be interrupted.

Every proposal depends on the finished trials and their number alone: the sampler is made anew for each, seeded by that
number. So a search that was killed and resumed proposes what it would have proposed. Sampler: tree-structured Parzen
estimator for several objectives (Y. Ozaki et al., GECCO 2020), with constraints.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
import sqlalchemy.exc
from optuna.trial import FrozenTrial, TrialState

from ..errors import ModelFault
from .candidate import Candidate
from .points import Point, point_from_json
from .space import STARTS, Levers, suggest

STORAGE = "search.sqlite"
_POINT = "point"
# ROM, cycles, lower bound of the difference of accuracy
_DIRECTIONS: tuple[Literal["minimize", "maximize"], ...] = ("minimize", "minimize", "maximize")
_STARTUP_TRIALS = 8
_WORST = (1e12, 1e12, -1.0)


@dataclass(frozen=True)
class Plan:
    """`trials` to finish; `bands` of the front end; `levers` that may be used; `seed` of the proposals."""

    trials: int
    bands: int
    levers: Levers
    seed: int


def search(
    plan: Plan,
    folder: Path,
    evaluate: Callable[[int, Candidate], Point],
    constraints: Callable[[Point], Mapping[str, float]],
    *,
    watch: Callable[[Point], None],
    out_of_time: Callable[[], bool],
) -> list[Point]:
    """Go on with the search in `folder`, or begin one, until `plan.trials` are finished or time is out.

    Args:
        evaluate: trains and judges the candidate of a number.
        constraints: of a point, by name, ≤ 0 where kept.
        watch: is told every point, stored ones first.

    Returns:
        All points, in order of their numbers, which begin at 1.

    Raises:
        ModelFault: the storage is not one of a search.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        study = _open(folder / STORAGE)
    except (sqlalchemy.exc.SQLAlchemyError, RuntimeError) as error:
        raise ModelFault(
            "is not the storage of a search", where=str(folder / STORAGE), hint="remove it and search anew"
        ) from error
    _forget_unfinished(study)
    points = [point_from_json(trial.user_attrs[_POINT]) for trial in _finished(study)][: plan.trials]
    for point in points:
        watch(point)
    known = {point.candidate: point for point in points}
    while len(points) < plan.trials and not out_of_time():
        number = len(points) + 1
        study.sampler = _sampler(plan.seed * 10_000 + number, number)
        trial = study.ask()
        candidate = plan.levers.applied(suggest(trial, plan.bands), plan.bands)
        # Proposed before: told again, so that the sampler learns it, but not trained again.
        point = known.get(candidate) or evaluate(number, candidate)
        trial.set_user_attr(_POINT, point.to_json())
        for name, value in constraints(point).items():
            trial.set_constraint(name, value)
        study.tell(trial, _values(point))
        points.append(point)
        known[candidate] = point
        watch(point)
    return sorted({point.number: point for point in points}.values(), key=lambda point: point.number)


def _open(path: Path) -> optuna.Study:
    return optuna.create_study(
        storage=f"sqlite:///{path}", study_name="compression", directions=list(_DIRECTIONS), load_if_exists=True
    )


def _forget_unfinished(study: optuna.Study) -> None:
    """What was under way when a search was killed takes no part."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    """The first candidates are given; behind them the estimator proposes."""
    sampler: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_STARTUP_TRIALS)
    if number <= len(STARTS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return optuna.samplers.PartialFixedSampler(STARTS[number - 1], sampler)
    return sampler


def _values(point: Point) -> tuple[float, float, float]:
    if point.costs is None or point.figures is None:
        return _WORST
    return float(point.costs.rom), float(point.costs.cycles), point.figures.lower
