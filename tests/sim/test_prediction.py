"""The prediction from the graph alone against instructions counted on the simulator, for shapes not in the fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fit_costs import frontend_observations, network_observations, specification
from graph_example import float_graph, integer_graph, mixed_graph
from instruction_counts import FrontendCount, NetworkCount, count
from proofboard_harness.elf import Image
from proofboard_host.predict.coefficients import CORTEX_M33
from proofboard_host.predict.cost import predict_arena, predict_frontend, predict_layers, predict_network

TOLERANCE = 0.05
_SMALL = 100  # instructions: a routine under this size is held to 5 of them

GRAPHS = [
    integer_graph(101, 992, (128, 20, 2)),
    float_graph(102, 992, (128, 20, 2)),
    integer_graph(103, 220, (48, 24, 11)),
    float_graph(104, 90, (37, 14, 6)),
    mixed_graph(105, 200),
]
FRONTENDS = [
    specification(512, 512, 32, 60.0),
    specification(256, 200, 14, 300.0, 7000.0),
    specification(1024, 700, 33, 50.0, 4000.0),
    specification(128, 64, 12, 200.0),
]


@dataclass(frozen=True)
class Counted:
    """Everything of one image."""

    networks: list[NetworkCount]
    frontends: list[FrontendCount]
    image: Image


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder: Path = tmp_path_factory.mktemp("counts")
    networks, frontends = count(GRAPHS, FRONTENDS, folder)
    return Counted(networks, frontends, Image.load(folder / "counts.elf"))


def assert_close(predicted: float, instructions: int, what: str) -> None:
    assert abs(predicted - instructions) <= TOLERANCE * max(instructions, _SMALL), (
        f"{what}: predicted {predicted:.0f}, counted {instructions}"
    )


@pytest.mark.parametrize("index", range(len(GRAPHS)))
def test_every_layer(counted: Counted, index: int) -> None:
    graph = GRAPHS[index]
    layers = zip(graph.operators, predict_layers(graph), counted.networks[index].layers, strict=True)
    for number, (operator, predicted, instructions) in enumerate(layers):
        assert_close(predicted, instructions, f"layer {number} {operator.name}")


@pytest.mark.parametrize("index", range(len(GRAPHS)))
def test_whole_network(counted: Counted, index: int) -> None:
    assert_close(predict_network(GRAPHS[index]), counted.networks[index].total, "network")


@pytest.mark.parametrize("index", range(len(FRONTENDS)))
def test_every_stage_of_the_front_end(counted: Counted, index: int) -> None:
    for works, instructions in frontend_observations(FRONTENDS[index], counted.frontends[index]):
        predicted = sum(
            rate * amount
            for work in works
            for rate, amount in zip(getattr(CORTEX_M33, work.kernel), work.amounts, strict=True)
        )
        assert_close(predicted, instructions, works[-1].kernel)


@pytest.mark.parametrize("index", range(len(FRONTENDS)))
def test_whole_front_end(counted: Counted, index: int) -> None:
    frontend = counted.frontends[index]
    assert_close(predict_frontend(FRONTENDS[index], frontend.samples), frontend.total, "front end")


@pytest.mark.parametrize("index", range(len(GRAPHS)))
def test_arena_is_the_linkers(counted: Counted, index: int) -> None:
    arena = counted.image.symbol(f"arena_{index}")
    assert arena is not None
    assert predict_arena(GRAPHS[index]) == arena.size


def every_work() -> Iterator[str]:
    for graph in GRAPHS:
        for works, _ in network_observations(graph, NetworkCount((0,) * len(graph.operators), 0)):
            yield from (work.kernel for work in works)
    for spec in FRONTENDS:
        for works, _ in frontend_observations(spec, FrontendCount((0,) * 5, spec.frame, 0)):
            yield from (work.kernel for work in works)


def test_no_coefficient_goes_unchecked() -> None:
    assert set(every_work()) == {field.name for field in dataclasses.fields(CORTEX_M33)}
