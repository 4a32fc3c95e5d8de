"""The prediction from the graph alone against what the cycle model counts and the linker places, for shapes that are
not in the fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from built_example import Built
from fit_costs import Observation, count_held_out, held_out, held_out_graphs
from graph_example import float_graph, integer_graph
from proofboard_harness.elf import Image, sizes
from proofboard_harness.spec import BoardSpec
from proofboard_host.graph.graph import Graph
from proofboard_host.predict.coefficients import Unit
from proofboard_host.predict.memory import predict_arena
from proofboard_host.predict.table import CORTEX_M33

LAYER_TOLERANCE, WHOLE_TOLERANCE, ROM_TOLERANCE = 0.05, 0.03, 0.01


@dataclass(frozen=True)
class HeldOut:
    """What was counted in one image."""

    observations: list[Observation]
    image: Image


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> HeldOut:
    measured = count_held_out(tmp_path_factory.mktemp("counts"))
    return HeldOut(held_out(measured), Image.load(measured.image))


def beyond(observations: Iterator[Observation], unit: Unit, tolerance: float) -> list[str]:
    """Those whose prediction is further off, in words; there must have been some."""
    errors = [(one, one.error(unit, CORTEX_M33)) for one in observations]
    assert errors
    return [f"{one.kind} {one.name}: {error:+.1%}" for one, error in errors if abs(error) > tolerance]


@pytest.mark.parametrize("unit", Unit)
def test_every_layer_and_stage(counted: HeldOut, unit: Unit) -> None:
    parts = (one for one in counted.observations if not one.kind.startswith("whole"))
    assert beyond(parts, unit, LAYER_TOLERANCE) == []


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("kind", ["whole network", "whole front end"])
def test_wholes(counted: HeldOut, kind: str, unit: Unit) -> None:
    wholes = (one for one in counted.observations if one.kind == kind)
    assert beyond(wholes, unit, WHOLE_TOLERANCE) == []


def test_no_cost_goes_unchecked(counted: HeldOut) -> None:
    works = [work for one in counted.observations for work in one.work]
    checked = {(work.routine, part) for work in works for part, amount in work.amounts.items() if amount}
    assert {(routine, part) for routine, parts in CORTEX_M33.items() for part in parts} == checked


def test_arena_is_the_linkers(counted: HeldOut) -> None:
    for index, (name, graph) in enumerate(held_out_graphs().items()):
        arena = counted.image.symbol(f"arena_of_{index}")
        assert arena is not None
        assert predict_arena(graph) == arena.size, name


def images() -> dict[str, Graph]:
    """Networks of the shipped application's front end, as wide as its own two, and those of the other tests."""
    shipped = {"baseline": float_graph(1, 992, (24, 12, 2)), "compressed": integer_graph(2, 992, (24, 12, 2))}
    wanted = ("DS-CNN, int8", "DS-CNN, int4", "DS-CNN, int2", "branches 107", "int8 and float")
    return shipped | {name: graph for name, graph in held_out_graphs().items() if name in wanted}


@pytest.mark.parametrize("name", images())
def test_flash_and_ram_of_an_image(name: str, board_spec: BoardSpec, tmp_path: Path) -> None:
    built = Built.make(images()[name], board_spec, tmp_path)
    linked = sizes(Image.load(built.elf), board_spec)
    assert built.network.predicted_rom == pytest.approx(linked.rom_bytes, rel=ROM_TOLERANCE)
    assert built.network.predicted_ram == linked.ram_bytes
