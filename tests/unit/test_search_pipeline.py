"""From a trained application to the network that is deployed: chosen, confirmed, kept on disk, within budgets."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from proofboard_host.application import Application
from proofboard_host.data.clips import Dataset
from proofboard_host.errors import ConfigurationFault, ModelFault
from proofboard_host.frontend.specification import build_specification
from proofboard_host.progress import silent
from proofboard_host.search import workbench
from proofboard_host.search.costs import Budgets
from proofboard_host.search.pipeline import RESULT, CompressedApplication, compress_application, find_searches
from proofboard_host.search.points import Point
from proofboard_host.train.pipeline import TrainedApplication
from search_example import (
    QUICK,
    ROOMY,
    CountingCosts,
    Recordings,
    make_trained,
    searching_application,
    small_application,
)


@pytest.fixture(scope="module")
def application() -> Application:
    return searching_application()


@pytest.fixture(scope="module")
def trained(application: Application, tmp_path_factory: pytest.TempPathFactory) -> TrainedApplication:
    return make_trained(application, tmp_path_factory.mktemp("trained"))


Compress = Callable[..., CompressedApplication]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("searches")


@pytest.fixture
def run(
    application: Application, trained: TrainedApplication, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Compress:
    monkeypatch.setattr(workbench, "Efforts", lambda: QUICK)

    def call(budgets: Budgets = ROOMY, app: Application = application, **options: Any) -> CompressedApplication:
        dataset = cast(Dataset, Recordings())
        costs = CountingCosts()
        return compress_application(app, dataset, trained, costs, budgets, cache=cache, progress=silent, **options)

    return call


def test_the_smallest_that_keeps_accuracy_twice_is_deployed(
    run: Compress, trained: TrainedApplication, cache: Path
) -> None:
    seen: list[Point] = []
    found = run(watch=seen.append)
    assert found.search is not None
    winner = found.search.point(found.search.winner)
    assert winner.confirmation is not None
    assert winner.kept(found.search.rule)
    assert winner.costs is not None
    assert winner.costs.rom < 0.6 * (found.search.points[0].costs or winner.costs).rom
    assert found.network.graph.parameter_bytes == winner.parameter_bytes
    assert [p.number for p in found.search.points] == [0, 1, 2, 3]
    assert {p.number for p in seen} == {0, 1, 2, 3}
    assert winner.number in found.search.front or len(found.search.front) > 1
    specification = found.specification(build_specification(small_application()))
    assert specification.mel_bands * specification.frames(16000) == found.network.graph.input.size
    assert find_searches(cache, trained) == [found.folder]
    assert find_searches(cache, dataclasses.replace(trained, key="other")) == []


def test_a_second_call_reads_the_result(run: Compress) -> None:
    first = run()
    again = run()
    assert again.cached
    assert again.search == first.search
    assert again.network.graph.digest == first.network.graph.digest


def test_a_result_that_was_tampered_with_is_made_again(run: Compress) -> None:
    first = run()
    path = first.folder / RESULT
    path.write_text(path.read_text().replace('"winner"', '"loser"'))
    again = run()
    assert not again.cached
    assert again.search is not None
    assert first.search is not None
    assert again.network.graph.digest == first.network.graph.digest
    assert again.search.points == first.search.points
    assert json.loads(path.read_text())["winner"] == first.search.winner


def test_any_candidate_can_be_deployed(run: Compress) -> None:
    found = run(candidate=2)
    assert found.search is not None
    assert found.network.graph.macs == found.search.point(2).macs
    plain = run(candidate=0)
    assert plain.network.inputs is None
    with pytest.raises(ModelFault, match="no candidate 99"):
        run(candidate=99)


def test_a_budget_that_nothing_keeps_is_one_clear_error(run: Compress) -> None:
    with pytest.raises(ConfigurationFault, match=r"flash: 9,\d+ bytes needed, 9,000 allowed, \d+ too many"):
        run(Budgets(9000, 1 << 18, 1.0))
    with pytest.raises(ConfigurationFault, match=r"latency: .* ms too many"):
        run(Budgets(1 << 20, 1 << 18, 1e-6))


def test_plain_int8_searches_nothing(run: Compress, application: Application, trained: TrainedApplication) -> None:
    section = dataclasses.replace(application.compress, scheme="int8")
    found = run(app=dataclasses.replace(application, compress=section))
    assert found.search is None
    assert found.network.graph.digest == trained.compressed.digest
