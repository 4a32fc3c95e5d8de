"""From a trained application to its compressed network: plain int8, or the smallest image a search finds.

A result is kept by the hash of all it was made of. A search that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import compress as compress_package
from ..application import Application
from ..data.clips import Dataset
from ..errors import ModelFault
from ..frontend.specification import FrontendSpec, build_specification
from ..progress import Progress
from ..stats import PairedDifference
from ..train.pipeline import TrainedApplication, load_material
from . import __file__ as search_file
from .candidate import Candidate
from .costs import Budgets, CostModel, unmet_budget
from .descent import descend
from .points import (
    Figures,
    Point,
    constraints_of,
    contenders,
    nearest_to,
    pareto_front,
    point_from_json,
)
from .pruned import Pruned
from .rule import AccuracyRule, Judge, one_sided
from .shift import ShiftSet, build_shift_set
from .space import Levers
from .store import Compressed, load_compressed, save_compressed, save_json

if TYPE_CHECKING:
    from ..train.material import Material

RESULT, WINNER = "search.json", "winner"
_ORIGIN = "trained.txt"
YARDSTICK = 0
"""Number of plain int8, which every search begins with."""

_CONFIRMATION = 1_000_000  # added to seeds: another training, another bootstrap
_CONFIRMATIONS = 8  # candidates that are asked to confirm before plain int8 is taken


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        points: all candidates by number, the yardstick first.
        front: numbers of those that no other beats.
        winner: number of the one that is deployed.
        budgets: what was allowed.
        seconds: that it took, all sittings together.
        stopped_early: time was out before all trials were done.
    """

    points: tuple[Point, ...]
    front: tuple[int, ...]
    winner: int
    rule: AccuracyRule
    budgets: Budgets
    seconds: float
    stopped_early: bool

    def point(self, number: int) -> Point:
        """The candidate of that number; raises ModelFault where there is none."""
        for point in self.points:
            if point.number == number:
                return point
        raise ModelFault(f"no candidate {number}", hint=f"there are 0 … {self.points[-1].number}")


@dataclass(frozen=True, eq=False)
class CompressedApplication:
    """The network that is deployed, and the search that found it (None for plain int8)."""

    network: Compressed
    search: SearchResult | None
    folder: Path
    cached: bool

    def specification(self, whole: FrontendSpec) -> FrontendSpec:
        """The front end it needs."""
        return whole if self.network.inputs is None else self.network.inputs.specification(whole)


def compress_application(
    application: Application,
    dataset: Dataset,
    trained: TrainedApplication,
    costs: CostModel,
    budgets: Budgets,
    *,
    cache: Path,
    progress: Progress,
    watch: Callable[[Point], None] = lambda point: None,
    candidate: int | None = None,
) -> CompressedApplication:
    """Compress as `[compress]` says, or read the result of having done so.

    Args:
        costs: builds images.
        budgets: what an image may cost.
        cache: folder for searches, made if need be.
        watch: is told of every candidate when it is finished.
        candidate: deploy this one of the search instead of the winner.

    Raises:
        ConfigurationFault: nothing that keeps accuracy fits the budgets.
        ModelFault: no candidate could be trained, or `candidate` is none of the search.
    """
    plain = Compressed(trained.compressed, None, trained.oof_compressed, trained.oof_scales)
    if application.compress.scheme != "search":
        return CompressedApplication(plain, None, trained.folder, trained.cached)
    key = _search_key(application, trained, costs, budgets)
    folder = cache / key[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ORIGIN).write_text(trained.key)
    result = _load(folder, key)
    cached = result is not None
    if result is None:
        task = _Task(application, dataset, trained, costs, budgets, folder, progress, watch)
        result = task.run(plain)
        _save(result, folder, key)
    else:
        for point in result.points:
            watch(point)
    stem = WINNER if candidate is None else _stem(result.point(candidate).number)
    return CompressedApplication(load_compressed(folder, stem), result, folder, cached)


def find_searches(cache: Path, trained: TrainedApplication) -> list[Path]:
    """Folders of all searches that began with this training."""
    return sorted(path.parent for path in cache.glob(f"*/{_ORIGIN}") if path.read_text() == trained.key)


@dataclass(frozen=True)
class _Maker:
    """Makes candidates of both kinds: students, and the application's own network pruned."""

    students: Any
    own: Any

    def make(self, candidate: Candidate | Pruned, seed: int) -> Any:
        """The one or the other bench's outcome."""
        return (self.own if isinstance(candidate, Pruned) else self.students).make(candidate, seed)

    @property
    def shift(self) -> ShiftSet:
        """What students are judged on as well."""
        return self.students.shift


@dataclass(frozen=True, eq=False)
class _Task:
    """One search, with all it needs."""

    application: Application
    dataset: Dataset
    trained: TrainedApplication
    costs: CostModel
    budgets: Budgets
    folder: Path
    progress: Progress
    watch: Callable[[Point], None]

    def run(self, plain: Compressed) -> SearchResult:
        # PyTorch, optuna and SQLAlchemy take seconds to import: only who searches pays.
        from .study import Plan, search
        from .workbench import Workbench

        section, started = self.application.compress, time.monotonic()
        earlier = _read_seconds(self.folder)
        limit = section.time_limit * 60 - earlier
        material = load_material(self.application, self.dataset, self.trained, self.progress)
        shift = build_shift_set(self.application, self.dataset, material, self.trained.teachers)
        bench = Workbench.prepare(
            self.application, material, self.trained.teachers, self.trained.oof_baseline, shift=shift
        )
        judge = self._judge()
        points = [self._yardstick(plain, judge)]
        self.watch(points[0])

        def evaluate(number: int, candidate: Candidate) -> Point:
            self.progress(number - 1, section.trials, candidate.label)
            seed = self.application.train.seed
            point = self._try_and_keep(bench, judge, number, candidate, seed)
            _write_seconds(self.folder, earlier + time.monotonic() - started)
            return point

        found = search(
            Plan(section.trials, self.application.frontend.mel_bands, Levers(), self.application.train.seed),
            self.folder,
            evaluate,
            lambda point: constraints_of(point, self._rule, self.budgets),
            watch=self.watch,
            out_of_time=lambda: limit > 0 and time.monotonic() - started > limit,
        )
        points += found
        own = self._own_bench(material, bench.positives)
        if own is not None:
            points += self._descend(own, judge)
        points, winner = self._confirm(_Maker(bench, own), judge, points)
        seconds = earlier + time.monotonic() - started
        front = tuple(point.number for point in pareto_front(points))
        early = len(found) < section.trials and limit > 0 and time.monotonic() - started > limit
        return SearchResult(tuple(points), front, winner, self._rule, self.budgets, seconds, early)

    @property
    def _rule(self) -> AccuracyRule:
        section = self.application.compress
        return AccuracyRule(section.margin, section.recall_margin, section.shift_margin)

    def _judge(self) -> Judge:
        data = self.application.data
        return Judge(
            self.dataset.labels("train"),
            self.trained.oof_baseline,
            self.dataset.groups("train"),
            data.classes.index(data.positive),
        )

    def _yardstick(self, plain: Compressed, judge: Judge) -> Point:
        save_compressed(plain, self.folder, _stem(YARDSTICK))
        label = "plain int8, all inputs"
        return self._measured(Point(YARDSTICK, label, None), plain, judge, self.application.train.seed)

    def _own_bench(self, material: Material, positives: int) -> Any:
        """For pruning of the application's own network; None where that is fully connected: students are smaller."""
        if not self.application.network.layers:
            return None
        from .own_network import OwnBench

        return OwnBench(self.application, material, self.trained.teachers, positives)

    def _descend(self, own: Any, judge: Judge) -> list[Point]:
        """Prune the application's own network; done again from the start, to the same end, where it was interrupted."""
        section, seed = self.application.compress, self.application.train.seed

        def evaluate(number: int, candidate: Pruned) -> Point:
            self.progress(section.trials, section.trials, candidate.label)
            point = self._try_and_keep(own, judge, number, candidate, seed)
            self.watch(point)
            return point

        return descend(evaluate, lambda point: point.kept(self._rule), first=section.trials + 1)

    def _try_and_keep(self, bench: Any, judge: Judge, number: int, candidate: Candidate | Pruned, seed: int) -> Point:
        point, made = self._try(bench, judge, number, candidate, seed)
        if made is not None:
            save_compressed(made, self.folder, _stem(number))
        return point

    def _try(
        self, bench: Any, judge: Judge, number: int, candidate: Candidate | Pruned, seed: int
    ) -> tuple[Point, Compressed | None]:
        """Train a candidate, build it, judge it; a failure is a point as well."""
        point = Point(number, candidate.label, candidate)
        try:
            outcome = bench.make(candidate, seed)
        except ModelFault as fault:
            return dataclasses.replace(point, failure=f"{fault.where}: {fault.seen}"), None
        made = Compressed(outcome.graph, outcome.inputs, outcome.logits, outcome.scales)
        measured = self._measured(point, made, judge, seed)
        if isinstance(candidate, Pruned) or measured.figures is None:  # the former: the baseline's own layers
            return measured, made
        elsewhere = self._elsewhere(bench.shift, outcome.shifted, seed)
        return dataclasses.replace(measured, figures=measured.figures.heard_elsewhere(elsewhere)), made

    def _elsewhere(self, shift: ShiftSet, logits: npt.NDArray[np.float64], seed: int) -> PairedDifference:
        groups = self.dataset.groups("train")
        before, after = shift.baseline.argmax(axis=1), logits.argmax(axis=1)
        return one_sided(shift.labels, before, after, [groups[clip] for clip in shift.clip], seed=seed)

    def _measured(self, point: Point, made: Compressed, judge: Judge, seed: int) -> Point:
        whole = build_specification(self.application)
        specification = whole if made.inputs is None else made.inputs.specification(whole)
        return dataclasses.replace(
            point,
            macs=made.graph.macs,
            parameter_bytes=made.graph.parameter_bytes,
            costs=self.costs.measure(made.graph, specification),
            figures=Figures.of(judge.judge(made.real_logits, seed=seed)),
        )

    def _confirm(self, bench: Any, judge: Judge, points: list[Point]) -> tuple[list[Point], int]:
        """Train the best anew with another seed, until one keeps accuracy again; what is deployed is the new network.

        The best of many is partly lucky; its second training knows nothing of that luck.
        """
        section = self.application.compress
        seed = self.application.train.seed + _CONFIRMATION
        for point in contenders(points, self._rule, self.budgets)[:_CONFIRMATIONS]:
            if point.candidate is None:
                break
            self.progress(section.trials, section.trials, f"confirming {point.number}: {point.label}")
            again, made = self._try(bench, judge, point.number, point.candidate, seed)
            confirmed = dataclasses.replace(point, confirmation=again.figures)
            points[points.index(point)] = confirmed
            self.watch(confirmed)
            fits = again.costs is not None and self.budgets.fits(again.costs)
            if made is not None and fits and confirmed.kept(self._rule):
                points[points.index(confirmed)] = dataclasses.replace(confirmed, costs=again.costs)
                save_compressed(made, self.folder, WINNER)
                return points, point.number
        return points, self._fall_back(points)

    def _fall_back(self, points: Sequence[Point]) -> int:
        """Plain int8, where it fits: it is the baseline but for rounding."""
        yardstick = points[YARDSTICK]
        if yardstick.costs is None or not self.budgets.fits(yardstick.costs):
            nearest = nearest_to(points, self._rule, self.budgets) or yardstick
            assert nearest.costs is not None
            where = f"{self.application.name}: compress"
            raise unmet_budget(self.budgets, nearest.costs, nearest.label, where=where)
        save_compressed(load_compressed(self.folder, _stem(YARDSTICK)), self.folder, WINNER)
        return YARDSTICK


def _stem(number: int) -> str:
    return f"candidate-{number:03d}"


def _search_key(application: Application, trained: TrainedApplication, costs: CostModel, budgets: Budgets) -> str:
    sha = hashlib.sha256(trained.key.encode() + costs.identity.encode())
    values = [dataclasses.asdict(application.compress), dataclasses.asdict(budgets)]
    sha.update(json.dumps(values, sort_keys=True).encode())
    for package_file in (search_file, compress_package.__file__):
        for source in sorted(Path(package_file).parent.glob("*.py")):
            sha.update(source.name.encode() + source.read_bytes())
    return sha.hexdigest()


def _save(result: SearchResult, folder: Path, key: str) -> None:
    save_json({"key": key, **dataclasses.asdict(result)}, folder / RESULT)


def _load(folder: Path, key: str) -> SearchResult | None:
    """What is stored under `key`; None where there is nothing whole: then the search goes on."""
    try:
        values = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        if values.pop("key") != key:
            return None
        values["points"] = tuple(point_from_json(point) for point in values["points"])
        values["front"] = tuple(values["front"])
        values["rule"], values["budgets"] = AccuracyRule(**values["rule"]), Budgets(**values["budgets"])
        result = SearchResult(**values)
        load_compressed(folder, WINNER)
    except (OSError, ValueError, KeyError, TypeError, ModelFault):
        return None
    return result


_SECONDS = "seconds.json"


def _read_seconds(folder: Path) -> float:
    """Spent in earlier sittings of an interrupted search."""
    try:
        return float(json.loads((folder / _SECONDS).read_text(encoding="utf-8"))["seconds"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _write_seconds(folder: Path, seconds: float) -> None:
    save_json({"seconds": seconds}, folder / _SECONDS)
