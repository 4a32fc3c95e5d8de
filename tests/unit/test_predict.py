"""Amounts of work against loops written out, bytes of constants against the generated C."""

from __future__ import annotations

import re

import numpy as np
import pytest
from graph_example import (
    OPERATORS,
    float_graph,
    integer_graph,
    random_conv2d,
    random_dense,
    random_depthwise_conv2d,
    random_shape,
    residual_graph,
)
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.application import load_application
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.selection import select
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.graph.emit_operator import constants
from proofboard_host.graph.operators import Conv2d, DepthwiseConv2d
from proofboard_host.predict.coefficients import Rate, Unit
from proofboard_host.predict.cost import cost, predict_frontend, predict_layers, predict_network
from proofboard_host.predict.memory import constant_bytes, frontend_table_bytes, predict_rom
from proofboard_host.predict.work import Work, layer_work
from proofboard_host.predict.work_frontend import FRONTEND, STAGES, frontend_work

BYTES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "int32_t": 4, "uint32_t": 4, "float": 4} | {
    "uint8_t __attribute__((aligned(4)))": 1,
    "pb_complex16": 4,
    "pb_mel_run": 8,
    "pb_mel_segment": 12,
}
ARRAY = re.compile(r"static const ([\w ()]+) \w+\[(\d+)\] = ")


@pytest.fixture(scope="module")
def specification() -> FrontendSpec:
    return build_specification(load_application("scream"))


def works(operator: Conv2d | DepthwiseConv2d) -> dict[str, Work]:
    return {work.routine: work for work in layer_work(operator)}


def array_bytes(text: str) -> int:
    """Of all constant arrays of a C file, each rounded up to words."""
    return sum(-(-int(count) * BYTES[kind] // 4) * 4 for kind, count in ARRAY.findall(text))


def windows(operator: Conv2d | DepthwiseConv2d, kernel: tuple[int, ...]) -> list[tuple[list[bool], list[bool]]]:
    """Of each output pixel, which rows and which columns of its window lie in the image."""
    height, width, _ = operator.input_shape
    rows, columns, _ = operator.output.shape
    tops = [y * operator.stride[0] - operator.padding[0] for y in range(rows)]
    lefts = [x * operator.stride[1] - operator.padding[2] for x in range(columns)]
    return [
        ([0 <= y + i < height for i in range(kernel[0])], [0 <= x + i < width for i in range(kernel[1])])
        for y in tops
        for x in lefts
    ]


@given(seed=st.integers(0, 10_000))
def test_patches_are_gathered_line_by_line(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_conv2d(rng, random_shape(rng), 5)
    channels = operator.input_shape[2]
    if "conv_gather" not in works(operator):
        return
    amounts = works(operator)["conv_gather"].amounts
    patches = windows(operator, operator.weights.shape[1:3])
    runs = [sum(columns) * channels for rows, columns in patches for _ in range(sum(rows))]
    whole = operator.weights[0].size
    assert amounts["pixel"] == len(patches)
    assert amounts["line"] == len(runs)
    assert amounts["line outside"] == sum(rows.count(False) for rows, _ in patches)
    assert amounts["word"] == sum(run // 4 for run in runs)
    assert amounts["odd byte"] == sum(run % 4 for run in runs)
    assert amounts["filled byte"] + sum(runs) == whole * len(patches)


@given(seed=st.integers(0, 10_000))
def test_taps_are_placed_where_a_window_is_not_the_next_inner_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_depthwise_conv2d(rng, random_shape(rng))
    if "depthwise" not in works(operator):
        return
    channels = operator.weights.shape[2]
    amounts, singles = works(operator)["depthwise"].amounts, works(operator)["depthwise_single"].amounts
    pixels = windows(operator, operator.weights.shape[:2])
    inner = [all(rows) and all(columns) for rows, columns in pixels]
    placed = [i for i, one in enumerate(inner) if not (one and i > 0 and inner[i - 1])]
    inside = [sum(rows) * sum(columns) for rows, columns in pixels]
    some = int(channels >= 4)
    assert amounts["placement"] == some * len(placed)
    assert amounts["placed tap"] == some * sum(inside[i] for i in placed)
    taps = ("placed tap", "tap beside the image", "tap above or below")
    assert sum(amounts[name] for name in taps) == some * len(placed) * operator.weights[..., 0].size
    assert singles["tap"] == channels % 4 * sum(inside)


@given(seed=st.integers(0, 10_000), kind=st.sampled_from(sorted(OPERATORS)))
def test_constants_take_what_the_generated_c_says(seed: int, kind: str) -> None:
    operator = OPERATORS[kind](np.random.default_rng(seed))
    arrays = array_bytes(constants(operator, "layer"))
    parameters = constant_bytes(operator) - arrays
    assert 0 <= parameters <= 40
    assert all(amount >= 0 for work in layer_work(operator) for amount in work.amounts.values())


@pytest.mark.parametrize("bands", [None, [0, 1, 7, 20], [30, 31]])
def test_tables_of_the_front_end_take_what_the_generated_c_says(
    specification: FrontendSpec, bands: list[int] | None
) -> None:
    selected = select(specification, bands=bands)
    struct = frontend_table_bytes(selected) - array_bytes(emit_c(selected))
    assert struct == 56  # 11 int16 and 8 pointers


def test_a_network_is_its_layers_and_what_follows_them() -> None:
    for graph in (integer_graph(1, 40), float_graph(2, 30), residual_graph(3, 20)):
        for unit in Unit:
            layers = predict_layers(graph, unit)
            assert len(layers) == len(graph.operators)
            assert min(layers) > 0
            assert sum(layers) < predict_network(graph, unit) < sum(layers) + 400


def test_instructions_are_fewer_than_cycles(specification: FrontendSpec) -> None:
    graph = integer_graph(1, 992, (128, 20, 2))
    assert predict_network(graph, Unit.INSTRUCTIONS) < predict_network(graph)
    samples = 16000
    assert predict_frontend(specification, samples, Unit.INSTRUCTIONS) < predict_frontend(specification, samples)


def test_front_end_grows_with_frames_and_bands(specification: FrontendSpec) -> None:
    whole = predict_frontend(specification, 16000)
    assert predict_frontend(specification, 8000) < whole
    assert predict_frontend(select(specification, bands=[3, 4, 5]), 16000) < whole
    assert predict_frontend(select(specification, frames=range(0, 10, 2)), 16000) < whole / 3
    routines = [work.routine for work in frontend_work(specification, 16000)]
    assert [routine.split("_")[1] for routine in routines[1:]] == list(STAGES)
    assert routines[0] == FRONTEND


def test_cost_is_the_sum_of_rates_times_amounts() -> None:
    table = {"a": {"call": Rate(10.0, 8.0), "step": Rate(2.5, 2.0)}, "b": {"call": Rate(1.0, 1.0)}}
    done = [Work("a", {"call": 1, "step": 4}), Work("b", {"call": 3})]
    assert cost(done, Unit.CYCLES, table) == 23.0
    assert cost(done, Unit.INSTRUCTIONS, table) == 19.0


def test_kernels_are_paid_for_once(specification: FrontendSpec) -> None:
    rng = np.random.default_rng(1)
    twice, once = integer_graph(1, 64, (16, 16, 3)), integer_graph(1, 64, (16, 3))
    added = predict_rom(twice, specification) - predict_rom(once, specification)
    assert added < constant_bytes(random_dense(rng, 16, 16, "int8")) + 100
