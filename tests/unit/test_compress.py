"""int8 compression: right formulas, close to float, no overflow, clear faults."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from proofboard_host.application import Application, load_application
from proofboard_host.compress import SCHEMES, compress, float_graph
from proofboard_host.compress.ranges import quantise_input
from proofboard_host.compress.weights import nearest, row_scales
from proofboard_host.errors import ConfigurationFault, ModelFault
from proofboard_host.graph import reference
from proofboard_host.graph.operators import Dense
from proofboard_host.train.network import FloatLayer, FloatNetwork, fold_normalisation


@pytest.fixture(scope="module")
def application() -> Application:
    return load_application("scream")


def make_features(seed: int, clips: int = 200) -> npt.NDArray[np.int16]:
    """Like log-mel energy in Q8: correlated, 5..25 octaves, some clips quiet."""
    rng = np.random.default_rng(seed)
    level = rng.uniform(8, 18, (clips, 1, 1))
    shape = rng.normal(0, 2, (clips, 1, 32)) + rng.normal(0, 1, (clips, 31, 32))
    return np.asarray((level + shape) * 256, np.int16)


def make_network(seed: int, widths: tuple[int, ...] = (992, 128, 20, 2)) -> FloatNetwork:
    rng = np.random.default_rng(seed)
    layers = [
        FloatLayer(
            rng.normal(0, (2 / inputs) ** 0.5, (outputs, inputs)).astype(np.float32),
            rng.normal(0, 0.1, outputs).astype(np.float32),
        )
        for inputs, outputs in pairwise(widths)
    ]
    mean, deviation = np.full(widths[0], 13, np.float32), np.full(widths[0], 3, np.float32)
    return FloatNetwork((fold_normalisation(layers[0], mean, deviation), *layers[1:]))


def test_float_graph_is_the_network(application: Application) -> None:
    network, features = make_network(1), make_features(1)
    graph = float_graph(network, application)
    assert graph.macs == network.macs == 992 * 128 + 128 * 20 + 20 * 2
    assert graph.name == "baseline"
    np.testing.assert_allclose(reference.run(graph, features).logits, network.forward(features), atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_int8_stays_close_to_float(application: Application, seed: int) -> None:
    network, features = make_network(seed), make_features(seed)
    graph = compress(network, features, application)
    fresh = make_features(seed + 100)
    expected = network.forward(fresh)
    logits = reference.run(graph, fresh).logits * graph.output.scale
    assert np.sqrt(np.square(logits - expected).mean()) < 0.06 * expected.std()
    assert graph.macs == network.macs
    assert graph.parameter_bytes < network.macs * 1.02 + 2000


def test_every_layer_means_what_its_tensor_says(application: Application) -> None:
    network, features = make_network(7), make_features(7)
    graph = compress(network, features, application)
    trace = reference.run(graph, features)
    for operator, value, expected in zip(
        graph.operators[1:], trace.layers[1:], network.activations(features), strict=True
    ):
        real = (value.astype(np.float64) - operator.output.zero_point) * operator.output.scale
        assert np.abs(real - expected).mean() < 0.05 * expected.std()


@settings(max_examples=40, deadline=None)
@given(st.integers(-32768, 32767), st.integers(0, 12000), st.integers(0, 2**32 - 1))
def test_quantise_input_restores_its_range(centre: int, spread: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = np.clip(rng.normal(centre, spread / 3 + 1, (40, 8)), -32768, 32767)
    features = drawn.astype(np.int16)
    operator, affine = quantise_input(features)
    codes = reference.apply(operator, features).astype(np.float64)
    restored = (affine.offset + codes * affine.scale) * 256
    step = affine.scale * 256
    near = np.abs(restored - features) <= step / 2 + 2
    inside = (codes > -127) & (codes < 127)
    assert near[inside].all()
    assert near.mean() > 0.5 or step == pytest.approx(1, rel=0.01)


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, (3, 6), elements=st.floats(-100, 100, width=32)))
def test_weights_are_symmetric_and_near(weights: npt.NDArray[np.float32]) -> None:
    scale = row_scales(weights, 8)
    codes = nearest(weights, scale, 8)
    assert codes.min() >= -127
    assert (scale > 0).all()
    plain = np.maximum(np.abs(weights).max(axis=1, keepdims=True), np.abs(weights).max() * 2.0**-12) / 127
    error = np.square(codes * scale[:, None] - weights).sum(axis=1)
    unclipped = np.square(np.rint(weights / np.where(plain > 0, plain, 1)) * plain - weights).sum(axis=1)
    assert (error <= unclipped + 1e-6 + 1e-4 * np.square(weights).sum(axis=1)).all()


def test_dead_and_constant_units_survive(application: Application) -> None:
    network = make_network(3)
    first = network.layers[0]
    weights, bias = first.weights.copy(), first.bias.copy()
    weights[0], bias[0] = 0, -1
    weights[1], bias[1] = 1e-30, 2
    weakened = FloatNetwork((FloatLayer(weights, bias), *network.layers[1:]))
    features = make_features(3)
    graph = compress(weakened, features, application)
    hidden = reference.run(graph, features).layers[1].astype(np.float64) * graph.operators[1].output.scale
    zero = -127 * graph.operators[1].output.scale
    assert (hidden[:, 0] - zero == 0).all()
    assert np.abs(hidden[:, 1] - zero - 2).max() < 0.1


def test_accumulators_cannot_overflow_at_the_extremes(application: Application) -> None:
    graph = compress(make_network(5), make_features(5), application)
    extremes = np.stack([np.full((31, 32), value, np.int16) for value in (-32768, 32767)])
    for operator, inputs in zip(graph.operators[1:], reference.run(graph, extremes).layers, strict=False):
        assert isinstance(operator, Dense)
        exact = inputs.astype(object) @ operator.weights.astype(object).T + operator.bias.astype(object)
        assert max(abs(value) for value in exact.ravel()) < 1 << 31


def test_same_input_gives_the_same_graph(application: Application) -> None:
    network, features = make_network(2), make_features(2)
    assert compress(network, features, application).digest == compress(network, features, application).digest


def test_clear_faults(application: Application) -> None:
    network = make_network(1)
    with pytest.raises(ModelFault, match="no clip to calibrate"):
        compress(network, make_features(1)[:0], application)
    foreign = dataclasses.replace(application, compress=dataclasses.replace(application.compress, scheme="magic"))
    with pytest.raises(ConfigurationFault, match="unknown scheme 'magic'"):
        compress(network, make_features(1), foreign)
    assert set(SCHEMES) == {"int8", "search"}
