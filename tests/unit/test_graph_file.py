"""A graph's file and its digest: round trips, damage, foreign content."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph_example import float_graph, integer_graph, mixed_graph, random_dense_float, residual_graph
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.errors import ModelFault
from proofboard_host.graph.graph import Graph, load_graph, save_graph
from proofboard_host.graph.operators import DenseFloat, Tensor, ToFloat
from proofboard_host.graph.reference import run, words

FEATURES = 12
makers: dict[str, Callable[[int, int], Graph]] = {
    "integer": integer_graph,
    "float": float_graph,
    "mixed": mixed_graph,
    "residual": residual_graph,
}
every_graph = pytest.mark.parametrize("make", makers.values(), ids=makers.keys())


@every_graph
def test_file_round_trip(make: Callable[[int, int], Graph], tmp_path: Path) -> None:
    graph = make(2, FEATURES)
    path = tmp_path / "graph.npz"
    save_graph(graph, path)
    loaded = load_graph(path)
    assert loaded.digest == graph.digest
    assert loaded.wiring == graph.wiring
    assert [operator.output for operator in loaded.operators] == [operator.output for operator in graph.operators]
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
    "shape is text": lambda d: d["input"].__setitem__("shape", "12"),
    "shape with a point": lambda d: d["input"].__setitem__("shape", [12.0]),
    "scale is not a number": lambda d: d["input"].__setitem__("scale", float("nan")),
    "scale is infinite": lambda d: d["operators"][1]["output"].__setitem__("scale", float("inf")),
    "shift out of range": lambda d: d["operators"][0].__setitem__("shift", 99),
    "shift is not a number": lambda d: d["operators"][0].__setitem__("shift", float("nan")),
    "bits is true": lambda d: d["operators"][1].__setitem__("bits", True),
    "an older format": lambda d: d.pop("format") and None,
    "a newer format": lambda d: d.__setitem__("format", 99),
    "no sources": lambda d: d.pop("sources") and None,
    "a source too few": lambda d: d["sources"].pop() and None,
    "a source to come": lambda d: d["sources"].__setitem__(1, [3]),
    "a source with a point": lambda d: d["sources"].__setitem__(1, [1.0]),
    "an operator too few": lambda d: d["operators"].pop() and None,
    "name is a number": lambda d: d.__setitem__("name", 3),
    "operator's name is a number": lambda d: d["operators"][0].__setitem__("name", 3),
    "classes is a word": lambda d: d.__setitem__("classes", "abc"),
    "classes are numbers": lambda d: d.__setitem__("classes", [1, 2, 3]),
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


ARRAYS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "lost": lambda arrays: arrays.pop("1.bias"),
    "of no operator": lambda arrays: arrays.__setitem__("9.weights", np.zeros(3, np.int8)),
    "of no field": lambda arrays: arrays.__setitem__("1.gamma", np.zeros(3, np.int8)),
    "of no kind": lambda arrays: arrays.__setitem__("notes", np.zeros(3, np.int8)),
    "in floats": lambda arrays: arrays.__setitem__("1.weights", arrays["1.weights"].astype(np.float64)),
    "as a number": lambda arrays: arrays.__setitem__("1.bias", np.array(3, np.int32)),
    "as text": lambda arrays: arrays.__setitem__("1.bias", np.array(["a", "b"])),
    "in the other byte order": lambda arrays: arrays.__setitem__("1.bias", arrays["1.bias"].astype(">i4")),
}


@pytest.mark.parametrize("change", ARRAYS.values(), ids=ARRAYS.keys())
def test_wrong_arrays_are_refused(change: Callable[[dict[str, Any]], Any], tmp_path: Path) -> None:
    path = tmp_path / "graph.npz"
    save_graph(integer_graph(3, FEATURES), path)
    with np.load(path) as archive:
        arrays = dict(archive)
    change(arrays)
    np.savez(path, **arrays)
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


def test_digest_knows_the_wiring() -> None:
    graph = residual_graph(1, FEATURES)
    swapped = tuple(tuple(reversed(read)) for read in graph.sources)
    assert dataclasses.replace(graph, sources=swapped).digest != graph.digest
    chain = integer_graph(1, FEATURES)
    written_out = tuple((index,) for index in range(len(chain.operators)))
    assert dataclasses.replace(chain, sources=written_out).digest == chain.digest


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
                    continue  # over a limit of the operator
                digests.add(dataclasses.replace(graph, operators=tuple(operators)).digest)
                changes += 1
    assert changes > 8
    digests |= {dataclasses.replace(graph, classes=tuple(reversed(graph.classes))).digest}
    assert len(digests) == changes + 2


def test_digest_knows_negative_zero() -> None:
    start = ToFloat("f", 0.5, Tensor((2,), "float32", 1.0))
    layers = (start, random_dense_float(np.random.default_rng(0), 2, 2))
    plus = Graph("g", ("a", "b"), Tensor((2,), "int16", 1.0), layers)
    layer = plus.operators[1]
    assert isinstance(layer, DenseFloat)
    zero, minus = (np.full(2, value, np.float32) for value in (0.0, -0.0))
    first, second = (
        dataclasses.replace(plus, operators=(plus.operators[0], dataclasses.replace(layer, bias=bias))).digest
        for bias in (zero, minus)
    )
    assert first != second
