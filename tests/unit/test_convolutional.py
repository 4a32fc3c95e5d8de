"""Convolutional networks: trained, folded into plain arrays, as float and as integer graphs, to and from a file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from proofboard_host.application import Application, load_application
from proofboard_host.compress import compress, float_graph
from proofboard_host.convolutions import LayerSection, conv_steps
from proofboard_host.errors import ModelFault
from proofboard_host.graph import reference
from proofboard_host.graph.operators import AveragePool2d, Conv2d, DepthwiseConv2d
from proofboard_host.search.inputs import strongest_bands
from proofboard_host.train.checkpoint import load_checkpoint, save_checkpoint
from proofboard_host.train.convolutional import ConvNetwork, export, fit_convolutional, make_network
from proofboard_host.train.crossval import DEFAULT_REGULARISATION, fit_side
from proofboard_host.train.material import Material
from proofboard_host.train.network import FEATURE_SCALE, FloatNetwork
from proofboard_host.train.trainer import Regularisation, TrainingSet, deterministic
from search_example import BANDS, FRAMES, make_material

LAYERS = [
    LayerSection("conv", 6, [4, 3], [2, 2]),
    LayerSection("ds-conv", 8),
    LayerSection("ds-conv", 10, [3, 5], [2, 1]),
]


@pytest.fixture(scope="module")
def application() -> Application:
    loaded = load_application("scream")
    network = dataclasses.replace(loaded.network, hidden=[5], layers=LAYERS)
    train = dataclasses.replace(loaded.train, epochs=3, batch=32, learning_rate=1e-2)
    return dataclasses.replace(loaded, network=network, train=train)


@pytest.fixture(scope="module")
def material() -> Material:
    return make_material(1)


@pytest.fixture(scope="module")
def module(application: Application, material: Material) -> ConvNetwork:
    data = TrainingSet(material.features, material.labels, np.ones(len(material.labels)), 40)
    with deterministic():
        network = make_network(application, data, seed=3)
        fit_convolutional(network, application, data, seed=3, regularisation=Regularisation(dropout=0.0))
    return network


@pytest.fixture(scope="module")
def network(module: ConvNetwork) -> FloatNetwork:
    return export(module, conv_steps(LAYERS, FRAMES, BANDS))


def test_strides_round_up_and_padding_is_split() -> None:
    first, depthwise, pointwise, *_ = conv_steps(LAYERS, FRAMES, BANDS)
    assert (first.output_shape, first.padding) == ((16, 16, 6), (1, 2, 1, 1))
    assert (depthwise.depthwise, depthwise.output_shape) == (True, (16, 16, 6))
    assert (pointwise.kernel, pointwise.output_shape) == ((1, 1), (16, 16, 8))
    assert conv_steps(LAYERS, FRAMES, BANDS)[-1].output_shape == (8, 16, 10)


def test_it_learns(network: FloatNetwork, material: Material) -> None:
    assert (network.forward(material.features).argmax(axis=1) == material.labels).mean() > 0.9


def test_arrays_answer_as_the_module(module: ConvNetwork, network: FloatNetwork, material: Material) -> None:
    octaves = torch.from_numpy(material.features.astype(np.float32) * np.float32(FEATURE_SCALE))
    with torch.no_grad():
        wanted = module(octaves).numpy()
    np.testing.assert_allclose(network.forward(material.features), wanted, atol=1e-3)


def test_level_is_heard_at_the_borders_only(network: FloatNetwork) -> None:
    assert network.trunk is not None
    first = network.trunk.convolutions[0]
    rows = np.random.default_rng(2).normal(12, 1, (3, FRAMES, BANDS, 1)).astype(np.float32)
    quiet, loud = first.outputs(rows), first.outputs(rows + 2)
    np.testing.assert_allclose(loud[:, 1:-1, 1:-1], quiet[:, 1:-1, 1:-1], atol=1e-4)


def test_float_graph_answers_as_the_network(
    application: Application, network: FloatNetwork, material: Material
) -> None:
    graph = float_graph(network, application)
    assert graph.macs == network.macs + 10 * 8 * 16  # the mean is a convolution
    answers = reference.run(graph, material.features[:40]).logits
    np.testing.assert_allclose(answers, network.forward(material.features[:40]), atol=2e-3)


def test_int8_is_near(application: Application, network: FloatNetwork, material: Material) -> None:
    graph = compress(network, material.features, application)
    kinds = [type(operator) for operator in graph.operators]
    assert kinds.count(Conv2d) == kinds.count(DepthwiseConv2d) + 1 == 3
    assert kinds.count(AveragePool2d) == 1
    assert graph.macs == network.macs
    wanted = network.forward(material.features)
    answers = reference.run(graph, material.features).logits * graph.output.scale
    assert np.abs(answers - wanted).max() < 0.1 * np.abs(wanted).max()


def test_checkpoint_comes_back_exactly(network: FloatNetwork, material: Material, tmp_path: Path) -> None:
    save_checkpoint(network, tmp_path / "n.pt")
    back = load_checkpoint(tmp_path / "n.pt")
    np.testing.assert_array_equal(back.forward(material.features), network.forward(material.features))


def test_checkpoint_with_other_shapes_is_refused(network: FloatNetwork, tmp_path: Path) -> None:
    path = tmp_path / "n.pt"
    save_checkpoint(network, path)
    state = torch.load(path, weights_only=True)
    state["arrays"]["conv.1.weights"] = state["arrays"]["conv.1.weights"][:, :2]
    torch.save(state, path)
    with pytest.raises(
        ModelFault, match=r"weights \(6, 2, 3, 1\) and bias \(6,\) do not make \(6, 3, 3, 1\)"
    ) as caught:
        load_checkpoint(path)
    assert caught.value.where == str(path)


def test_bands_that_matter_are_those_with_the_burst(network: FloatNetwork, material: Material) -> None:
    chosen = strongest_bands(network, material.features, 8)
    assert sum(16 <= band < 28 for band in chosen) >= 6


def test_diverging_training_says_where(application: Application, material: Material) -> None:
    section = dataclasses.replace(application.train, learning_rate=1e30)
    with deterministic(), pytest.raises(ModelFault, match=r"the loss is nan in epoch 1 of 3") as caught:
        fit_side(dataclasses.replace(application, train=section), material, 1, DEFAULT_REGULARISATION)
    assert caught.value.where == "training on all but fold 2 of 5"
    assert "learning_rate" in caught.value.hint
