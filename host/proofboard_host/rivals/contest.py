"""The contest: every method's smallest network that keeps accuracy, over seeds; and what each lever of ours is worth.

Networks are made when they are asked for and kept, so a contest that is interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from .. import compress, search
from ..errors import ModelFault
from ..search import operating_point, pool, student
from ..search.candidate import Candidate
from ..search.descent import descend
from ..search.own_network import OwnBench
from ..search.points import Point
from ..search.pruned import Pruned
from ..search.rule import AccuracyRule
from ..search.store import Compressed
from ..train import crossval, trainer
from . import plain, recipes
from .cells import Cell, NetworkStore, key_of
from .families import Family
from .floor import Floor, Standing
from .ladder import smallest_kept
from .plan import INT8, RIVALS, Plan, ours
from .recipes import Kitchen, Recipe
from .results import ContestResult, MethodResult, VariantResult
from .standings import hash_of, stand

Tell = Callable[[str], None]
"""Is told what is being made."""

_OURS = "ours"
_DESCENT_SOURCES = (search, compress, crossval, trainer)
_RECIPE_SOURCES = (recipes, plain, pool, operating_point, student.fit)


@dataclass(frozen=True, eq=False)
class Contest:
    """A contest that keeps its cells in `folder`."""

    floor: Floor
    plan: Plan
    folder: Path
    tell: Tell

    def run(self) -> ContestResult:
        """Go on with it until it is done.

        Raises:
            ModelFault: a baseline can't be trained, or not be held in 8 bits.
        """
        first = self.floor.application.train.seed
        seeds = tuple(range(first, first + self.plan.seeds))
        methods: list[MethodResult] = []
        variants: list[VariantResult] = []
        for family in self.plan.families:
            corners = [Corner(self, family, seed) for seed in seeds]
            rows: list[tuple[str, str, Callable[[Corner], Cell | None]]] = [
                (INT8.name, INT8.title, lambda corner: corner.int8),
                *((recipe.name, recipe.title, partial(Corner.smallest, recipe=recipe)) for recipe in RIVALS),
                (_OURS, _OURS, Corner.our_smallest),
            ]
            for name, title, find in rows:
                methods.append(MethodResult(family.title, name, title, tuple(find(corner) for corner in corners)))
            for title, candidate in () if variants else self.plan.variants.items():
                made = [corner.student(title, candidate) for corner in corners[: self.plan.variant_seeds]]
                variants.append(VariantResult(title, len(made), tuple(cell for cell in made if cell is not None)))
        return ContestResult(seeds, self.rule, tuple(methods), tuple(variants))

    @property
    def rule(self) -> AccuracyRule:
        """The application's."""
        section = self.floor.application.compress
        return AccuracyRule(section.margin, section.recall_margin)


class Corner:
    """One family with one seed: its cells, made on demand."""

    def __init__(self, contest: Contest, family: Family, seed: int) -> None:
        self._contest = contest
        self._family = family
        self._seed = seed
        self._store = NetworkStore(contest.folder)

    @cached_property
    def _standing(self) -> Standing:
        contest = self._contest
        return stand(contest.floor, self._family, self._seed, contest.folder, contest.tell)

    @cached_property
    def _hash(self) -> str:
        return hash_of(self._standing)

    @property
    def int8(self) -> Cell:
        """The baseline with int8 weights and activations."""
        return self._cooked(INT8, 1.0)

    def smallest(self, recipe: Recipe) -> Cell | None:
        """The smallest network by a recipe; the largest of the ladder is plain int8."""

        def cell(rung: int) -> Cell | None:
            return self._attempt(lambda: self._cooked(recipe, self._contest.plan.shares[rung]) if rung else self.int8)

        return self._climb(len(self._contest.plan.shares), cell)

    def our_smallest(self) -> Cell | None:
        """The smallest of our candidates: students of several widths, and a convolutional network itself, pruned."""
        widths, rule = self._contest.plan.channels, self._contest.rule
        student = self._climb(len(widths), lambda rung: self.student(_OURS, ours(widths[rung])))
        kept = [cell for cell in (student, *self._descended()) if cell is not None and cell.kept(rule)]
        return min(kept, key=lambda cell: cell.costs.rom, default=None)

    def _descended(self) -> list[Cell]:
        """The family's own network step by step, as the search prunes it behind the students; empty without layers."""
        contest, application = self._contest, self._family.application
        if not application.network.layers:
            return []
        standing, cells = self._standing, list[Cell]()
        bench = OwnBench(application, contest.floor.material, standing.networks, standing.positives)

        def evaluate(number: int, candidate: Pruned) -> Point:
            key = key_of(self._hash, candidate, application.network, application.train, *_DESCENT_SOURCES)

            def make() -> Compressed:
                contest.tell(f"seed {self._seed}: {candidate.label}")
                return bench.make(candidate, self._seed)

            cell = self._attempt(lambda: self._judged(_OURS, candidate.label, key, make))
            if cell is None:
                return Point(number, candidate.label, candidate)
            cells.append(cell)
            return Point(number, cell.size, candidate, cell.macs, cell.parameter_bytes, cell.costs, cell.figures)

        descend(evaluate, lambda point: point.kept(contest.rule), first=0)
        return cells

    def student(self, title: str, candidate: Candidate) -> Cell | None:
        """A candidate of the search; None where it could not be made."""
        contest = self._contest
        key = key_of(self._hash, candidate, contest.plan.efforts, search, compress)

        def make() -> Compressed:
            contest.tell(f"seed {self._seed}: {candidate.label}")
            outcome = self._standing.workbench(contest.plan.efforts).make(candidate, self._seed)
            return Compressed(outcome.graph, outcome.inputs, outcome.logits, outcome.scales)

        return self._attempt(lambda: self._judged(title, candidate.label, key, make))

    def _cooked(self, recipe: Recipe, keep: float) -> Cell:
        contest, tuning = self._contest, self._family.tuning
        key = key_of(self._hash, recipe, keep, tuning, *_RECIPE_SOURCES, compress)
        size = f"{keep:.1%} kept"

        def make() -> Compressed:
            contest.tell(f"seed {self._seed}: {recipe.title}, {size}")
            kitchen = Kitchen(contest.floor, self._seed, tuning, self._standing.networks)
            return self._standing.settle(kitchen.make(recipe, keep))

        return self._judged(recipe.name, size, key, make)

    def _judged(self, method: str, size: str, key: str, make: Callable[[], Compressed]) -> Cell:
        return self._standing.judge(method, size, self._store.obtain(key, make))

    def _climb(self, rungs: int, cell: Callable[[int], Cell | None]) -> Cell | None:
        rule = self._contest.rule

        def kept(rung: int) -> bool:
            found = cell(rung)
            return found is not None and found.kept(rule)

        best = smallest_kept(rungs, kept)
        return None if best is None else cell(best)

    def _attempt(self, make: Callable[[], Cell]) -> Cell | None:
        """A network that training or integers can't hold keeps no accuracy."""
        try:
            return make()
        except ModelFault as fault:
            self._contest.tell(f"seed {self._seed}: not made: {fault.where}: {fault.seen}")
            return None
