"""Operators and graphs: every rule, the file, the digest, and the generated C against the reference."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph_example import float_graph, integer_graph, mixed_graph, random_dense, random_dense_float
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.build import firmware_folder
from proofboard_host.errors import ModelFault
from proofboard_host.graph import limits
from proofboard_host.graph.emit import emit_network, is_layer_symbol, layer_of_symbol
from proofboard_host.graph.graph import Graph, load_graph, save_graph
from proofboard_host.graph.operators import Dense, DenseFloat, Quantise, Tensor, ToFloat
from proofboard_host.graph.reference import run, words

FEATURES = 12
makers: dict[str, Callable[[int, int], Graph]] = {
    "integer": integer_graph,
    "float": float_graph,
    "mixed": mixed_graph,
}
every_graph = pytest.mark.parametrize("make", makers.values(), ids=makers.keys())

INT8, INT16, FLOAT = Tensor(2, "int8", 1.0), Tensor(2, "int16", 1.0), Tensor(2, "float32", 1.0)
GOOD_QUANTISE = Quantise("q", 0, 1, 1, INT8)
GOOD_TO_FLOAT = ToFloat("f", 0.5, FLOAT)
GOOD_DENSE = Dense(
    "d",
    np.ones((2, 3), np.int8),
    np.zeros(2, np.int32),
    np.full(2, 1 << 30, np.int32),
    np.zeros(2, np.uint8),
    -128,
    127,
    INT8,
)
GOOD_FLOAT = DenseFloat("g", np.ones((2, 3), np.float32), np.zeros(2, np.float32), "none", FLOAT)

WRONG_OPERATORS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "offset": (GOOD_QUANTISE, {"offset": 32768}, "offset 32768 is not an int16"),
    "multiplier": (GOOD_QUANTISE, {"multiplier": 1 << 14}, "multiplier 16384"),
    "no multiplier": (GOOD_QUANTISE, {"multiplier": 0}, "multiplier 0"),
    "shift": (GOOD_QUANTISE, {"shift": 31}, "shift 31"),
    "no shift": (GOOD_QUANTISE, {"shift": 0}, "shift 0"),
    "half a shift": (GOOD_QUANTISE, {"shift": 1.5}, "1.5 is not a whole number"),
    "quantise to int16": (GOOD_QUANTISE, {"output": INT16}, "output is int16, not int8"),
    "scale": (GOOD_TO_FLOAT, {"scale": 0.3}, "not a power of two"),
    "tiny scale": (GOOD_TO_FLOAT, {"scale": 2.0**-130}, "normal range"),
    "to int8": (GOOD_TO_FLOAT, {"output": INT8}, "output is int8, not float32"),
    "flat weights": (GOOD_DENSE, {"weights": np.ones(6, np.int8)}, "1 dimensions"),
    "wide weights": (GOOD_DENSE, {"weights": np.ones((2, 3), np.int16)}, "weights int16"),
    "wide bias": (GOOD_DENSE, {"bias": np.zeros(2, np.int64)}, "bias int64"),
    "outputs": (GOOD_DENSE, {"weights": np.ones((3, 3), np.int8)}, "do not give 2 outputs"),
    "biases": (GOOD_DENSE, {"bias": np.zeros(3, np.int32)}, "do not give 2 outputs"),
    "multipliers": (GOOD_DENSE, {"multiplier": np.full(3, 1 << 30, np.int32)}, "one multiplier and shift"),
    "shifts": (GOOD_DENSE, {"shift": np.zeros(1, np.uint8)}, "one multiplier and shift"),
    "low multiplier": (GOOD_DENSE, {"multiplier": np.full(2, (1 << 30) - 1, np.int32)}, "a multiplier"),
    "wide multiplier": (GOOD_DENSE, {"multiplier": np.full(2, 1 << 30, np.int64)}, "a multiplier"),
    "high shift": (GOOD_DENSE, {"shift": np.full(2, 32, np.uint8)}, "a shift"),
    "signed shift": (GOOD_DENSE, {"shift": np.zeros(2, np.int8)}, "a shift"),
    "float output": (GOOD_DENSE, {"output": FLOAT}, "output is float32"),
    "zero point": (GOOD_DENSE, {"output": dataclasses.replace(INT8, zero_point=128)}, "zero point 128 is no int8"),
    "clamp upside down": (GOOD_DENSE, {"low": 1, "high": 0}, "clamp 1..0"),
    "clamp too wide": (GOOD_DENSE, {"high": 128}, "clamp -128..128"),
    "clamp at a half": (GOOD_DENSE, {"low": 0.5}, "0.5 is not a whole number"),
    "overflow": (GOOD_DENSE, {"bias": np.full(2, (1 << 31) - 3 * 128, np.int32)}, "the accumulator can reach"),
    "least bias": (GOOD_DENSE, {"bias": np.full(2, -(1 << 31), np.int32)}, "the accumulator can reach"),
    "NaN weight": (GOOD_FLOAT, {"weights": np.full((2, 3), np.nan, np.float32)}, "not finite"),
    "infinite bias": (GOOD_FLOAT, {"bias": np.full(2, np.inf, np.float32)}, "not finite"),
    "double weights": (GOOD_FLOAT, {"weights": np.ones((2, 3))}, "weights float64"),
    "activation": (GOOD_FLOAT, {"activation": "tanh"}, "activation 'tanh'"),
    "integer output": (GOOD_FLOAT, {"output": INT16}, "output is int16, not float32"),
    "no size": (INT8, {"size": 0}, "size 0"),
    "size with a point": (INT8, {"size": 2.0}, r"size 2\.0"),
    "type": (INT8, {"dtype": "int4"}, "type 'int4'"),
    "zero scale": (INT8, {"scale": 0.0}, r"scale 0\.0"),
    "NaN scale": (INT8, {"scale": float("nan")}, "scale nan"),
    "zero point with a point": (INT8, {"zero_point": 0.5}, r"zero point 0\.5"),
}


@pytest.mark.parametrize(("good", "change", "seen"), WRONG_OPERATORS.values(), ids=WRONG_OPERATORS.keys())
def test_operator_refuses(good: Any, change: dict[str, Any], seen: str) -> None:
    with pytest.raises(ModelFault, match=seen):
        dataclasses.replace(good, **change)


def chain(*operators: Any, features: Tensor = INT16, classes: int = 2, name: str = "g") -> Graph:
    return Graph(name, tuple(str(index) for index in range(classes)), features, operators)


def square(dtype: str, name: str = "s", size: int = 2) -> Dense:
    rng = np.random.default_rng(0)
    return dataclasses.replace(random_dense(rng, size, size, "int16" if dtype == "int16" else "int8"), name=name)


def huge_float(name: str) -> DenseFloat:
    return DenseFloat(name, np.full((2, 2), 1e30, np.float32), np.zeros(2, np.float32), "relu", FLOAT)


def widest(dtype: str) -> Tensor:
    return Tensor(40000, dtype, 1.0)  # type: ignore[arg-type]


WRONG_GRAPHS: dict[str, tuple[Callable[[], Graph], str]] = {
    "nothing": (lambda: chain(), "no operator"),
    "int8 features": (lambda: chain(square("int16"), features=INT8), "features are int8"),
    "types that don't meet": (lambda: chain(square("int16")), "takes int8, is given int16"),
    "float after int8": (lambda: chain(GOOD_QUANTISE, GOOD_FLOAT), "takes float32, is given int8"),
    "sizes that don't meet": (lambda: chain(GOOD_QUANTISE, GOOD_DENSE), "takes 3 inputs, is given 2"),
    "features of another size": (lambda: chain(GOOD_QUANTISE, features=Tensor(3, "int16", 1.0)), "takes 2 inputs"),
    "classes": (lambda: chain(GOOD_TO_FLOAT, classes=3), "2 logits for 3 classes"),
    "int8 logits": (lambda: chain(GOOD_QUANTISE), "logits must be"),
    "too many layers": (lambda: chain(GOOD_QUANTISE, *[square("int8")] * 15, square("int16")), "17 operators"),
    "too many logits": (
        lambda: chain(ToFloat("f", 1.0, Tensor(17, "float32", 1.0)), features=Tensor(17, "int16", 1.0), classes=17),
        "17 logits",
    ),
    "features too many": (
        lambda: chain(Quantise("q", 0, 1, 1, widest("int8")), features=widest("int16")),
        "a tensor of 80000 bytes",
    ),
    "float overflow": (lambda: chain(GOOD_TO_FLOAT, huge_float("a"), huge_float("b")), "past float32"),
}


@pytest.mark.parametrize(("make", "seen"), WRONG_GRAPHS.values(), ids=WRONG_GRAPHS.keys())
def test_graph_refuses(make: Callable[[], Graph], seen: str) -> None:
    with pytest.raises(ModelFault, match=seen):
        make()


def test_float_range_is_of_the_whole_chain() -> None:
    assert chain(GOOD_TO_FLOAT, huge_float("a")).output.dtype == "float32"


def test_limits_are_the_headers() -> None:
    include = firmware_folder() / "include" / "proofboard"
    text = (include / "network.h").read_text() + (include / "protocol.h").read_text()
    values = {name: int(value) for name, value in re.findall(r"#define PB_(MAX_\w+|CHUNK_SAMPLES) (\d+)", text)}
    assert values["MAX_LAYERS"] == limits.MAX_LAYERS
    assert values["MAX_LOGITS"] == limits.MAX_LOGITS
    assert values["MAX_CHUNKS"] * values["CHUNK_SAMPLES"] == limits.MAX_WINDOW


@every_graph
def test_macs_and_bytes(make: Callable[[int, int], Graph]) -> None:
    graph = make(1, FEATURES)
    matrices = [operator.weights for operator in graph.operators if isinstance(operator, Dense | DenseFloat)]
    assert graph.macs == sum(matrix.shape[0] * matrix.shape[1] for matrix in matrices)
    per_output = {Dense: 4 + 4 + 1, DenseFloat: 4}
    wanted = sum(matrix.nbytes for matrix in matrices) + sum(
        operator.output.size * per_output.get(type(operator), 0) for operator in graph.operators
    )
    assert graph.parameter_bytes == wanted


@every_graph
def test_file_round_trip(make: Callable[[int, int], Graph], tmp_path: Path) -> None:
    graph = make(2, FEATURES)
    path = tmp_path / "graph.npz"
    save_graph(graph, path)
    loaded = load_graph(path)
    assert loaded.digest == graph.digest
    assert emit_network(loaded, window=1000) == emit_network(graph, window=1000)
    features = np.random.default_rng(0).integers(-32768, 32768, (5, FEATURES)).astype(np.int16)
    assert words(run(loaded, features).logits).tobytes() == words(run(graph, features).logits).tobytes()
    assert list(tmp_path.iterdir()) == [path]


def rewrite(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Write the file anew with another description."""
    with np.load(path) as archive:
        arrays = dict(archive)
    description = json.loads(arrays.pop("description").tobytes())
    changed = change(description)
    text = np.frombuffer(json.dumps(description if changed is None else changed).encode(), np.uint8)
    np.savez(path, description=text, **arrays)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "no operators": lambda d: d.pop("operators") and None,
    "a list": lambda d: [1, 2],
    "null": lambda d: {"operators": None},
    "operator is a word": lambda d: d["operators"].__setitem__(0, "quantise"),
    "unknown operator": lambda d: d["operators"][0].__setitem__("kind", "Softmax"),
    "additional key": lambda d: d["operators"][0].__setitem__("extra", 1),
    "lost key": lambda d: d["operators"][0].pop("offset") and None,
    "output is a number": lambda d: d["operators"][0].__setitem__("output", 3),
    "size is text": lambda d: d["input"].__setitem__("size", "12"),
    "shift out of range": lambda d: d["operators"][0].__setitem__("shift", 99),
    "classes is a number": lambda d: d.__setitem__("classes", 3),
    "one class less": lambda d: d["classes"].pop() and None,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_wrong_description_is_refused(change: Callable[[dict[str, Any]], Any], tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    save_graph(integer_graph(3, FEATURES), path)
    rewrite(path, change)
    with pytest.raises(ModelFault):
        load_graph(path)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_file_is_refused_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("graph") / "graph.npz"
    graph = integer_graph(4, FEATURES)
    save_graph(graph, path)
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.one_of(st.none(), st.integers(0, len(whole) - 1)))
    path.write_bytes(whole[:cut])
    with contextlib.suppress(ModelFault):  # else a byte of the container that says nothing of the content
        assert load_graph(path).digest == graph.digest


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    with pytest.raises(ModelFault, match="can't be read"):
        load_graph(path)
    for content in (b"", b"hello", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(ModelFault, match="is not a graph"):
            load_graph(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("description.npy", b"no array")
    with pytest.raises(ModelFault, match="is not a graph"):
        load_graph(path)


def test_pickled_content_is_never_run(tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    np.savez(path, description=np.array([{"operators": []}], dtype=object))
    with pytest.raises(ModelFault, match="is not a graph"):
        load_graph(path)


def test_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.npz"
    save_graph(integer_graph(5, FEATURES), path)
    before = path.read_bytes()

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space"):
        save_graph(integer_graph(6, FEATURES), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@every_graph
def test_digest_changes_with_every_array_and_number(make: Callable[[int, int], Graph]) -> None:
    graph = make(7, FEATURES)
    digests = {graph.digest}
    changes = 0
    for index, operator in enumerate(graph.operators):
        for field in dataclasses.fields(operator):
            value = getattr(operator, field.name)
            if not isinstance(value, np.ndarray):
                continue
            for place in {0, value.size // 2, value.size - 1}:
                changed = value.copy()
                old = changed.reshape(-1)[place]
                new = np.nextafter(old, np.float32(0)) if value.dtype == np.float32 else old ^ 1
                if new == old:
                    new = np.float32(1e-40)  # the float was a zero
                changed.reshape(-1)[place] = new
                operators = list(graph.operators)
                try:
                    operators[index] = dataclasses.replace(operator, **{field.name: changed})
                except ModelFault:
                    continue  # one more would overflow the accumulator
                digests.add(dataclasses.replace(graph, operators=tuple(operators)).digest)
                changes += 1
    assert changes > 10
    digests |= {dataclasses.replace(graph, classes=tuple(reversed(graph.classes))).digest}
    assert len(digests) == changes + 2


def test_digest_knows_negative_zero() -> None:
    plus = chain(GOOD_TO_FLOAT, random_dense_float(np.random.default_rng(0), 2, 2))
    layer = plus.operators[1]
    assert isinstance(layer, DenseFloat)
    zero, minus = (np.full(2, value, np.float32) for value in (0.0, -0.0))
    first, second = (
        dataclasses.replace(plus, operators=(plus.operators[0], dataclasses.replace(layer, bias=bias))).digest
        for bias in (zero, minus)
    )
    assert first != second


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
    symbols = set(re.findall(r"static const \w+ (\w+)", text))
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


@every_graph
def test_text_is_the_same_every_time(make: Callable[[int, int], Graph]) -> None:
    assert emit_network(make(12, FEATURES), window=1000) == emit_network(make(12, FEATURES), window=1000)
