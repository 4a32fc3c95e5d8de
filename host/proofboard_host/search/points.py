"""A candidate with all that was found out about it, as it is kept and shown; the Pareto front of many."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ModelFault
from ..stats import PairedDifference
from .candidate import Candidate, candidate_from_json
from .costs import Budgets, Costs
from .pruned import Pruned, pruned_from_json
from .rule import AccuracyRule, Judgement

ALIKE = 0.06
"""Share of an image's size that is no reason to prefer one to another."""


@dataclass(frozen=True)
class Figures:
    """What the accuracy rule looks at, as plain numbers; fractions. `lower` bounds are one-sided 95 %.

    `shift_difference`, `shift_lower`: of accuracy on the clips heard elsewhere; None where that was not judged.
    """

    accuracy: float
    recall: float
    difference: float
    lower: float
    recall_difference: float
    recall_lower: float
    lost: int
    gained: int
    mcnemar_p: float
    calibration: float
    baseline_calibration: float
    margin_shift: float
    shift_difference: float | None = None
    shift_lower: float | None = None

    @classmethod
    def of(cls, judgement: Judgement) -> Figures:
        """The numbers of a judgement."""
        overall, recall = judgement.difference, judgement.recall_difference
        return cls(
            judgement.accuracy,
            judgement.recall,
            overall.difference.value,
            overall.difference.lower,
            recall.difference.value,
            recall.difference.lower,
            overall.lost,
            overall.gained,
            overall.mcnemar_p,
            judgement.calibration,
            judgement.baseline_calibration,
            judgement.margin_shift,
        )

    def heard_elsewhere(self, accuracy: PairedDifference) -> Figures:
        """With the difference of accuracy on the shift set."""
        difference = accuracy.difference
        return dataclasses.replace(self, shift_difference=difference.value, shift_lower=difference.lower)

    def slack(self, rule: AccuracyRule) -> float:
        """How far the bounds lie above their limits, in margins; the least of them, > 0 where accuracy is kept."""
        known = [(self.lower, rule.margin), (self.recall_lower, rule.recall_margin)]
        if self.shift_lower is not None:
            known.append((self.shift_lower, rule.shift_margin))
        return min(1 + lower / margin for lower, margin in known)

    def kept(self, rule: AccuracyRule) -> bool:
        """Not worse than the baseline, by the rule."""
        return self.slack(rule) > 0


@dataclass(frozen=True)
class Point:
    """One row of the table.

    Attributes:
        number: of the candidate; its files begin with it.
        candidate: None for plain int8, the yardstick.
        failure: why there are no figures; empty where there are.
        confirmation: figures with another training and another bootstrap seed, for those that were asked to confirm.
    """

    number: int
    label: str
    candidate: Candidate | Pruned | None
    macs: int = 0
    parameter_bytes: int = 0
    costs: Costs | None = None
    figures: Figures | None = None
    confirmation: Figures | None = None
    failure: str = ""

    def kept(self, rule: AccuracyRule) -> bool:
        """Accuracy is kept, as far as is known."""
        judged = [figures for figures in (self.figures, self.confirmation) if figures is not None]
        return bool(judged) and all(figures.kept(rule) for figures in judged)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        return dataclasses.asdict(self)


def point_from_json(values: dict[str, Any]) -> Point:
    """The inverse of `Point.to_json`.

    Raises:
        ModelFault: it is something else.
    """
    try:
        parts = dict(values)
        for name, kind in (("costs", Costs), ("figures", Figures), ("confirmation", Figures)):
            parts[name] = None if parts[name] is None else kind(**parts[name])
        candidate = parts["candidate"]
        if candidate is not None:
            parts["candidate"] = (pruned_from_json if "shares" in candidate else candidate_from_json)(candidate)
        return Point(**parts)
    except (KeyError, TypeError) as error:
        raise ModelFault(f"is no candidate of a search: {error}", hint="search anew") from error


def constraints_of(point: Point, rule: AccuracyRule, budgets: Budgets) -> dict[str, float]:
    """What the search must bring to 0 or below; 1 each where the candidate failed."""
    if point.figures is None or point.costs is None:
        return dict.fromkeys(("accuracy", "recall", "shift", "rom", "ram", "latency"), 1.0)
    lower = point.figures.shift_lower
    return {
        "accuracy": -rule.margin - point.figures.lower,
        "recall": -rule.recall_margin - point.figures.recall_lower,
        "shift": -rule.shift_margin - (0.0 if lower is None else lower),
        **budgets.excess(point.costs),
    }


def pareto_front(points: Sequence[Point]) -> list[Point]:
    """Points that no other beats in lower bound of accuracy, ROM and cycles at once, smallest ROM first."""
    known = [(point, point.costs, point.figures) for point in points if point.costs and point.figures]

    def beaten(costs: Costs, figures: Figures) -> bool:
        return any(
            other.rom <= costs.rom
            and other.cycles <= costs.cycles
            and judged.lower >= figures.lower
            and (other.rom, other.cycles, -judged.lower) != (costs.rom, costs.cycles, -figures.lower)
            for _, other, judged in known
        )

    front = [(costs.rom, costs.cycles, point) for point, costs, figures in known if not beaten(costs, figures)]
    return [point for *_, point in sorted(front, key=lambda entry: (*entry[:2], entry[2].number))]


def contenders(points: Sequence[Point], rule: AccuracyRule, budgets: Budgets) -> list[Point]:
    """Points that keep accuracy and budgets, the smallest image first.

    Images within `ALIKE` of the smallest count as equally small: of these the one that keeps accuracy most clearly
    comes first, which is also the likeliest to keep it again. Behind them the rest, in the same way.
    """
    rest = [
        (point.costs.rom, -point.figures.slack(rule), point.costs.cycles, point.number, point)
        for point in points
        if point.costs and point.figures and point.kept(rule) and budgets.fits(point.costs)
    ]
    ordered: list[Point] = []
    while rest:
        limit = min(rom for rom, *_ in rest) * (1 + ALIKE)
        alike = sorted((entry for entry in rest if entry[0] <= limit), key=lambda entry: entry[1:4])
        ordered += [entry[-1] for entry in alike]
        rest = [entry for entry in rest if entry[0] > limit]
    return ordered


def nearest_to(points: Sequence[Point], rule: AccuracyRule, budgets: Budgets) -> Point | None:
    """Of the points that keep accuracy, the one that exceeds the budgets least."""
    known = [(max(budgets.excess(p.costs).values()), p.number, p) for p in points if p.costs and p.kept(rule)]
    return min(known, key=lambda entry: entry[:2])[2] if known else None
