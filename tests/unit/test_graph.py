"""Graphs: the rules of the whole, and the text of the generated C."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from graph_example import float_graph, integer_graph, mixed_graph, random_dense, residual_graph
from proofboard_harness.build import firmware_folder
from proofboard_host.errors import ModelFault
from proofboard_host.graph import limits
from proofboard_host.graph.emit import emit_network, is_layer_symbol, layer_of_symbol, plan_graph
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import (
    Add,
    Conv2d,
    Dense,
    DenseFloat,
    DType,
    MaxPool2d,
    Quantise,
    Tensor,
    ToFloat,
    macs,
    stored_bytes,
)
from proofboard_host.graph.reference import run

FEATURES = 12
SYMBOL = r"static const [^=]*?(\w+)(?:\[\d+\])? = "
makers: dict[str, Callable[[int, int], Graph]] = {
    "integer": integer_graph,
    "float": float_graph,
    "mixed": mixed_graph,
    "residual": residual_graph,
}
every_graph = pytest.mark.parametrize("make", makers.values(), ids=makers.keys())


def vector(dtype: DType, size: int = 2) -> Tensor:
    return Tensor((size,), dtype, 1.0)


def image(*shape: int) -> Tensor:
    return Tensor(shape, "int8", 1.0)


QUANTISE = Quantise("q", 0, 1, 1, vector("int8"))
TO_FLOAT = ToFloat("f", 0.5, vector("float32"))
FLOAT_DENSE = DenseFloat("g", np.ones((2, 3), np.float32), np.zeros(2, np.float32), "none", vector("float32"))


def chain(
    *operators: Any, features: Tensor | None = None, classes: int = 2, sources: tuple[tuple[int, ...], ...] = ()
) -> Graph:
    names = tuple(str(index) for index in range(classes))
    return Graph("g", names, features or vector("int16"), operators, sources)


def square(dtype: DType, inputs: int = 2) -> Dense:
    return random_dense(np.random.default_rng(0), inputs, 2, dtype)


def huge_float(name: str) -> DenseFloat:
    return DenseFloat(name, np.full((2, 2), 1e30, np.float32), np.zeros(2, np.float32), "relu", vector("float32"))


def pointwise(height: int, width: int) -> Conv2d:
    constants = np.zeros(1, np.int32), np.ones(1, np.int32)
    weights = np.ones((1, 1, 1, 1), np.int8)
    shape = (height, width, 1)
    return Conv2d("c", weights, *constants, 8, (1, 1), (0, 0, 0, 0), 0, shape, image(*shape))


def add(*shape: int) -> Add:
    return Add("s", 1, 1, 0, 1, image(*shape))


WIDE = Quantise("q", 0, 1, 1, image(2, 3, 1))
SIX = vector("int16", 6)

WRONG_GRAPHS: dict[str, tuple[Callable[[], Graph], str]] = {
    "nothing": (lambda: chain(), "no operator"),
    "int8 features": (lambda: chain(square("int16"), features=vector("int8")), "features are int8"),
    "types that don't meet": (lambda: chain(square("int16")), "takes int8, is given int16"),
    "float after int8": (lambda: chain(QUANTISE, FLOAT_DENSE), "takes float32, is given int8"),
    "sizes that don't meet": (lambda: chain(QUANTISE, square("int16", 3)), "takes 3 inputs, is given 2"),
    "features of another size": (lambda: chain(QUANTISE, features=vector("int16", 3)), "takes 2 inputs"),
    "classes": (lambda: chain(TO_FLOAT, classes=3), "2 logits for 3 classes"),
    "int8 logits": (lambda: chain(QUANTISE), "logits must be"),
    "too many layers": (lambda: chain(QUANTISE, *[square("int8")] * 15, square("int16")), "17 operators"),
    "too many logits": (
        lambda: chain(ToFloat("f", 1.0, vector("float32", 17)), features=vector("int16", 17), classes=17),
        "17 logits",
    ),
    "features too many": (
        lambda: chain(Quantise("q", 0, 1, 1, vector("int8", 40000)), features=vector("int16", 40000)),
        "a tensor of 80000 bytes",
    ),
    "a tensor too large": (
        lambda: chain(ToFloat("f", 1.0, vector("float32", 20000)), features=vector("int16", 20000)),
        "a tensor of 80000 bytes",
    ),
    "float overflow": (lambda: chain(TO_FLOAT, huge_float("a"), huge_float("b")), "past float32"),
    "a flat image": (
        lambda: chain(Quantise("q", 0, 1, 1, vector("int8", 6)), pointwise(2, 3), square("int16", 6), features=SIX),
        r"takes the shape \(2, 3, 1\), is given \(6,\)",
    ),
    "an image on its side": (
        lambda: chain(WIDE, pointwise(3, 2), square("int16", 6), features=SIX),
        r"takes the shape \(3, 2, 1\), is given \(2, 3, 1\)",
    ),
    "a sum of two shapes": (
        lambda: chain(
            WIDE,
            Quantise("r", 0, 1, 1, image(3, 2, 1)),
            add(2, 3, 1),
            square("int16", 6),
            features=SIX,
            sources=((0,), (0,), (1, 2), (3,)),
        ),
        r"adds the shape \(2, 3, 1\), is given \(3, 2, 1\)",
    ),
    "a sum of one": (
        lambda: chain(WIDE, add(2, 3, 1), square("int16", 6), features=SIX),
        r"takes 2 source\(s\), is given 1",
    ),
    "two for one": (
        lambda: chain(QUANTISE, square("int16"), sources=((0,), (1, 1))),
        r"takes 1 source\(s\), is given 2",
    ),
    "a pool of another scale": (
        lambda: chain(
            WIDE,
            MaxPool2d("m", (1, 1), (1, 1), (2, 3, 1), dataclasses.replace(image(2, 3, 1), scale=2.0)),
            square("int16", 6),
            features=SIX,
        ),
        "scale and zero point are not the input's",
    ),
    "itself": (lambda: chain(QUANTISE, square("int16"), sources=((0,), (2,))), "source 2 is not computed before"),
    "from the end": (lambda: chain(QUANTISE, square("int16"), sources=((0,), (-1,))), "source -1"),
    "unread": (
        lambda: chain(QUANTISE, QUANTISE, square("int16"), sources=((0,), (0,), (1,))),
        "layer q: no operator reads its output",
    ),
    "sources too few": (lambda: chain(QUANTISE, square("int16"), sources=((0,),)), "not one tuple"),
    "sources in lists": (lambda: chain(QUANTISE, square("int16"), sources=([0], [1])), "not one tuple"),  # type: ignore[arg-type]
    "a name of bytes": (lambda: chain(dataclasses.replace(TO_FLOAT, name=b"f")), "is no text"),
}


@pytest.mark.parametrize(("make", "seen"), WRONG_GRAPHS.values(), ids=WRONG_GRAPHS.keys())
def test_graph_refuses(make: Callable[[], Graph], seen: str) -> None:
    with pytest.raises(ModelFault, match=seen):
        make()


def test_first_operator_reads_the_features() -> None:
    with pytest.raises(ModelFault, match="source 1 is not computed before layer 0"):
        chain(TO_FLOAT, sources=((1,),))


def test_float_range_is_of_the_whole_chain() -> None:
    assert chain(TO_FLOAT, huge_float("a")).output.dtype == "float32"


def test_features_may_be_seen_as_an_image() -> None:
    graph = chain(WIDE, pointwise(2, 3), square("int16", 6), features=SIX)
    assert graph.tensors[1].shape == (2, 3, 1)
    assert graph.wiring == ((0,), (1,), (2,))


def test_limits_are_the_headers() -> None:
    include = firmware_folder() / "include" / "proofboard"
    text = (include / "network.h").read_text() + (include / "protocol.h").read_text()
    values = {name: int(value) for name, value in re.findall(r"#define PB_(MAX_\w+|CHUNK_SAMPLES) (\d+)", text)}
    assert values["MAX_LAYERS"] == limits.MAX_LAYERS
    assert values["MAX_LOGITS"] == limits.MAX_LOGITS
    assert values["MAX_CHUNKS"] * values["CHUNK_SAMPLES"] == limits.MAX_WINDOW


@every_graph
def test_macs_and_bytes_are_the_operators(make: Callable[[int, int], Graph]) -> None:
    graph = make(1, FEATURES)
    assert graph.macs == sum(macs(operator) for operator in graph.operators) > 0
    assert graph.parameter_bytes == sum(stored_bytes(operator) for operator in graph.operators) > 0


def test_reference_refuses_other_features() -> None:
    graph = integer_graph(8, FEATURES)
    with pytest.raises(ValueError, match="are not int16"):
        run(graph, np.zeros((2, FEATURES), np.int32))
    with pytest.raises(ValueError, match="are not int16"):
        run(graph, np.zeros((2, FEATURES + 1), np.int16))
    assert run(graph, np.zeros((0, FEATURES), np.int16)).logits.shape == (0, 3)


def test_window_that_no_link_takes() -> None:
    for window in (0, limits.MAX_WINDOW + 1):
        with pytest.raises(ModelFault, match="a window of"):
            emit_network(integer_graph(9, FEATURES), window=window)


def test_name_can_not_leave_its_comment() -> None:
    text = emit_network(integer_graph(10, FEATURES, name='*/ int x; /* "'), window=1000)
    assert "'__ int x_ __ _'" in text


def test_symbols_of_layers() -> None:
    text = emit_network(mixed_graph(11, FEATURES), window=1000)
    symbols = set(re.findall(SYMBOL, text))
    assert all(is_layer_symbol(symbol) for symbol in symbols)
    assert {layer_of_symbol(symbol) for symbol in symbols} == {
        "layer_0_quantise",
        "layer_1_dense",
        "layer_2_dense",
        "layer_3_quantise",
        "layer_4_dense",
        "layer_5_to_float",
        "layer_6_dense_float",
    }


def test_constants_of_every_operator_are_symbols_of_its_layer() -> None:
    graph = residual_graph(2, FEATURES)
    symbols = re.findall(SYMBOL, emit_network(graph, window=1000))
    assert all(is_layer_symbol(symbol) for symbol in symbols)
    kinds = ("quantise", "conv2d", "depthwise_conv2d", "conv2d", "add", "max_pool2d", "average_pool2d")
    layers = [*kinds, "dense", "dense", "add", "dense"]
    assert {layer_of_symbol(symbol) for symbol in symbols} == {f"layer_{i}_{kind}" for i, kind in enumerate(layers)}


@every_graph
def test_arena_is_the_plans(make: Callable[[int, int], Graph]) -> None:
    graph = make(13, FEATURES)
    text = emit_network(graph, window=1000)
    assert f"static uint8_t arena[{plan_graph(graph).bytes}]" in text
    assert re.findall(r"output_\d+ = \(\w+ \*\)\(arena \+ (\d+)\)", text) == list(map(str, plan_graph(graph).outputs))


@every_graph
def test_text_is_the_same_every_time(make: Callable[[int, int], Graph]) -> None:
    assert emit_network(make(12, FEATURES), window=1000) == emit_network(make(12, FEATURES), window=1000)
