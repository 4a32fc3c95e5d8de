"""Profiles on the simulator: generated networks of every kind, and an ended run from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from built_example import Built
from graph_example import float_graph, integer_graph, residual_graph
from proofboard_harness.profile.attribution import Predictions
from proofboard_harness.profile.call_sites import SOURCE
from proofboard_harness.profile.figures import ImageProfile, LayerFacts
from proofboard_harness.profile.session import ProfileClips, Subject, profile_image
from proofboard_harness.spec import BoardSpec
from proofboard_host.graph.graph import Graph
from tones_example import Workshop, assert_one_error

pytestmark = pytest.mark.simulator

CLIPS = 2
FEATURES = 992
GRAPHS: dict[str, Callable[[], Graph]] = {
    "dense": lambda: integer_graph(31, FEATURES, (16, 8, 2)),
    "float": lambda: float_graph(32, FEATURES, (16, 8, 2)),
    "branches": lambda: residual_graph(33, FEATURES),
}
KERNELS = {
    "Quantise": "quantise",
    "Dense": "dense",
    "Conv2d": "(conv|pointwise)",
    "DepthwiseConv2d": "depthwise",
    "AveragePool2d": "average_pool",
    "MaxPool2d": "max_pool",
    "Add": "add",
    "ToFloat": "to_float",
    "DenseFloat": "dense_f32",
    "Conv2dFloat": "conv_f32",
}
"""What the functions of an operator are called."""


def profiled(graph: Graph, board: BoardSpec, folder: Path) -> ImageProfile:
    built = Built.make(graph, board, folder / "cache")
    (folder / SOURCE).write_text(built.network.generated[SOURCE], encoding="utf-8")
    pcm = np.random.default_rng(5).integers(-4000, 4000, (CLIPS, built.network.window)).astype(np.int16)
    facts = tuple(LayerFacts(operator.name, type(operator).__name__, 0, 1) for operator in graph.operators)
    subject = Subject("compressed", built.elf, folder, built.network.model_hash, Predictions(facts, 1, 1))
    clips = ProfileClips(pcm, built.network.reference(pcm).words)
    return profile_image(subject, clips, board, lambda done: None)


@pytest.mark.parametrize("kind", GRAPHS)
def test_every_layer_has_its_own_kernel_calls(kind: str, board_spec: BoardSpec, tmp_path: Path) -> None:
    found = profiled(GRAPHS[kind](), board_spec, tmp_path)
    assert (found.clips, found.mismatches) == (CLIPS, 0)
    (network,) = (frame for frame in found.frames if frame.part == "network")
    for cost, frame in zip(found.layers[:-1], network.children, strict=False):
        assert frame.name == cost.name
        assert frame.cycles == cost.cycles
        assert 0 < cost.cycles.low < cost.cycles.high
        assert frame.children
        assert re.match(f"pb_{KERNELS[cost.kind]}_", frame.children[0].name), (cost.kind, frame.children)
        assert all(child.calls == 1 for child in frame.children)
    behind = [frame.name for frame in network.children[len(found.layers) - 1 :]]
    assert any(name.startswith("pb_argmax") for name in behind)
    for whole, parts in ((found.network, found.layers), (found.frontend, found.stages)):
        for figure in ("low", "high", "instructions", "bytes_read"):
            total = sum(getattr(cost.cycles, figure) for cost in parts)
            assert total == pytest.approx(getattr(whole.cycles, figure))


@pytest.fixture(scope="module")
def workshop(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.make(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def folder(workshop: Workshop) -> Path:
    """Of a run that ended."""
    done = workshop.call(workshop.run_command())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "compressed: modelled cycles of one clip" in done.stdout
    return workshop.run_folders()[0]


def read(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    return document


def profile(workshop: Workshop, folder: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    done = workshop.call(workshop.command("profile", str(folder), *arguments))
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, read(folder)


def test_profile_of_a_run(workshop: Workshop, folder: Path) -> None:
    of_the_run = read(folder)
    printed, found = profile(workshop, folder)
    assert found == of_the_run  # the same clips: the same counts, to the last one
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    for name, costs in (("baseline", summary["cost_baseline"]), ("compressed", summary["cost"])):
        image = found[name]
        assert image["mismatches"] == 0
        for part, layers in (("frontend", "stages"), ("network", "layers")):
            whole = image[part]["cycles"]["low"]
            assert sum(layer["cycles"]["low"] for layer in image[layers]) == pytest.approx(whole)
            assert costs[part]["target"] == whole
            assert costs[part]["predicted"] == image[part]["predicted"] > 0
            assert costs[part]["error"] == pytest.approx(image[part]["predicted"] / whole - 1)
            assert f"{whole:,.0f}" in printed
        predicted = [layer["predicted"] for layer in image["layers"]]
        assert sum(predicted) == pytest.approx(costs["network"]["predicted"])
        assert [layer["name"] for layer in image["layers"]][1:] == ["dense1", "dense2", "dense3", "rest"]
    assert found["compressed"]["network"]["cycles"]["low"] < found["baseline"]["network"]["cycles"]["low"]
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 4


def test_one_image_of_a_run(workshop: Workshop, folder: Path) -> None:
    printed, found = profile(workshop, folder, "--image", "compressed", "--clips", "1")
    assert list(found) == ["compressed"]
    assert found["compressed"]["clips"] == 1
    assert "baseline" not in printed


def test_an_image_that_is_not_the_runs_is_refused(workshop: Workshop, folder: Path) -> None:
    kept = (folder / "compressed.elf").read_bytes()
    try:
        (folder / "compressed.elf").write_bytes((folder / "baseline.elf").read_bytes())
        done = workshop.call(workshop.command("profile", str(folder)))
    finally:
        (folder / "compressed.elf").write_bytes(kept)
    assert_one_error(done, "compressed.elf", "is build", "name another run")
