"""Generated C, built as a host library, against the integer reference: PCM in, every layer and the logits out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from graph_example import float_graph, integer_graph, mixed_graph, residual_graph
from proofboard_harness.build import build_host_library
from proofboard_harness.host_library import HostLibrary
from proofboard_host.application import Application, AudioSection, FrontendSection, load_application
from proofboard_host.errors import ModelFault
from proofboard_host.frontend import reference as frontend
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import build_specification
from proofboard_host.graph import reference
from proofboard_host.graph.emit import emit_network, emit_sizes
from proofboard_host.graph.graph import Graph


def make_application(frame: int, hop: int, mel_bands: int, window: int) -> Application:
    scream = load_application("scream")
    return dataclasses.replace(
        scream,
        audio=AudioSection(16000, window),
        frontend=FrontendSection(frame, hop, mel_bands, 60.0, 7600.0),
    )


SHAPES = {"radix 4": make_application(512, 300, 5, 1700), "radix 2": make_application(256, 256, 3, 900)}
GRAPHS: dict[str, Callable[[int, int], Graph]] = {
    "integer": integer_graph,
    "float": float_graph,
    "mixed": mixed_graph,
    "residual": residual_graph,
    "other residual": lambda seed, features: residual_graph(seed + 1, features),
    "one layer": lambda seed, features: integer_graph(seed, features, (4,)),
    "deep": lambda seed, features: integer_graph(seed, features, (3,) * 15),
}


@pytest.mark.parametrize("application", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("make", GRAPHS.values(), ids=GRAPHS.keys())
def test_generated_c_is_the_reference(
    make: Callable[[int, int], Graph], application: Application, tmp_path: Path
) -> None:
    graph, window = make(5, application.features), application.audio.window
    specification = build_specification(application)
    generated = {
        "generated_network.c": emit_network(graph, window=window),
        "generated_frontend.c": emit_c(specification),
        "generated_sizes.h": emit_sizes(graph, window=window),
    }
    build = build_host_library(generated, cache=tmp_path)
    layer_bytes = sum(operator.output.bytes for operator in graph.operators)
    library = HostLibrary(
        build.product, features=application.features, logits=graph.output.size, layer_bytes=layer_bytes
    )
    pcm = adversarial_clips(40, window, seed=11)
    outputs = library.run(pcm)

    features = frontend.run(specification, pcm).reshape(len(pcm), -1)
    assert np.array_equal(outputs.features, features)
    trace = reference.run(graph, features)
    start = 0
    for operator, layer in zip(graph.operators, trace.layers, strict=True):
        end = start + operator.output.bytes
        got = outputs.layers[:, start:end]
        expected = np.ascontiguousarray(layer).view(np.uint8).reshape(len(pcm), -1)
        assert np.array_equal(got, expected), operator.name
        start = end
    assert np.array_equal(outputs.words, reference.words(trace.logits))
    assert np.array_equal(outputs.classes, np.argmax(trace.logits, axis=1))


def test_graph_for_another_window_is_refused() -> None:
    with pytest.raises(ModelFault, match="window"):
        emit_network(integer_graph(1, 8), window=1 << 20)
