"""Pruning of an application's own network: fewer channels in every layer, fine-tuned, bits by sensitivity, rollback."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from proofboard_host.application import Application, load_application
from proofboard_host.compress.sensitivity import Sensitivity, choose_bits
from proofboard_host.convolutions import LayerSection
from proofboard_host.errors import ModelFault
from proofboard_host.graph.operators import Conv2d, Dense, DepthwiseConv2d
from proofboard_host.search.costs import Costs
from proofboard_host.search.descent import descend
from proofboard_host.search.own_network import FoldedNetwork, OwnBench, prune_to
from proofboard_host.search.points import Figures, Point, point_from_json
from proofboard_host.search.pruned import Pruned
from proofboard_host.search.rule import AccuracyRule
from proofboard_host.train.convolutional import train_convolutional
from proofboard_host.train.material import Material
from proofboard_host.train.network import FEATURE_SCALE, FloatNetwork
from proofboard_host.train.trainer import Regularisation, TrainingSet, deterministic
from search_example import FOLDS, make_material

LAYERS = [LayerSection("conv", 6, [3, 3], [2, 2]), LayerSection("ds-conv", 16, [3, 3], [2, 2])]


@pytest.fixture(scope="module")
def application() -> Application:
    loaded = load_application("scream")
    network = dataclasses.replace(loaded.network, hidden=[4], layers=LAYERS)
    train = dataclasses.replace(loaded.train, folds=FOLDS, epochs=1, batch=32, learning_rate=1e-2)
    return dataclasses.replace(loaded, network=network, train=train)


@pytest.fixture(scope="module")
def material() -> Material:
    return make_material(1)


@pytest.fixture(scope="module")
def teacher(application: Application, material: Material) -> FloatNetwork:
    data = TrainingSet(material.features, material.labels, np.ones(len(material.labels)), 120)
    with deterministic():
        return train_convolutional(application, data, seed=3, regularisation=Regularisation(dropout=0.0))


def test_unpruned_it_is_the_network(teacher: FloatNetwork, material: Material) -> None:
    folded = FoldedNetwork(teacher)
    octaves = torch.from_numpy(material.features[:30].astype(np.float32) * np.float32(FEATURE_SCALE))
    with torch.no_grad():
        np.testing.assert_allclose(folded(octaves).numpy(), teacher.forward(material.features[:30]), atol=1e-3)
    np.testing.assert_array_equal(
        folded.export().forward(material.features[:30]), teacher.forward(material.features[:30])
    )


def test_channels_leave_every_layer_that_knows_of_them(teacher: FloatNetwork) -> None:
    assert teacher.trunk is not None
    folded = FoldedNetwork(teacher)
    prune_to(folded, [convolution.step for convolution in teacher.trunk.convolutions], 0.5)
    pruned = folded.export()
    assert pruned.trunk is not None
    shapes = [convolution.weights.shape for convolution in pruned.trunk.convolutions]
    assert shapes == [(3, 3, 3, 1), (3, 3, 3, 1), (8, 1, 1, 3)]
    assert pruned.widths == (8, 4, 2)


def test_pruned_on_every_side_and_the_same_again(
    application: Application, material: Material, teacher: FloatNetwork
) -> None:
    bench = OwnBench(application, material, [teacher] * (FOLDS + 1), CLIPS_POSITIVE)
    candidate = Pruned((0.75, 0.5), allowed=0.02)
    made = bench.make(candidate, seed=1)
    again = OwnBench(application, material, [teacher] * (FOLDS + 1), CLIPS_POSITIVE).make(candidate, seed=1)
    assert made.graph.digest == again.graph.digest
    np.testing.assert_array_equal(made.logits, again.logits)
    assert (made.logits.argmax(axis=1) == material.labels).mean() > 0.9
    weighted = [operator for operator in made.graph.operators if isinstance(operator, Conv2d | DepthwiseConv2d | Dense)]
    assert {operator.bits for operator in weighted} == {8}  # so small that kernels of fewer bits do not pay


CLIPS_POSITIVE = 80


def test_bits_go_where_they_hurt_least() -> None:
    layers = [
        Sensitivity(1000, {8: 0.0, 4: 0.001, 2: 0.5}),
        Sensitivity(10, {8: 0.0, 4: 0.002, 2: 0.004}),
        Sensitivity(5000, {8: 0.0, 4: 0.02, 2: 0.9}),
    ]
    assert choose_bits(layers, allowed=0.0) == (8, 8, 8)
    assert choose_bits(layers, allowed=0.0015) == (4, 8, 8)
    assert choose_bits(layers, allowed=0.01) == (4, 2, 8)
    assert choose_bits(layers, allowed=0.03) == (4, 2, 4)
    assert choose_bits(layers, allowed=0.03, widths=(8, 4)) == (4, 4, 4)
    assert choose_bits(layers, allowed=0.03, widths=(8,)) == (8, 8, 8)


def judged(number: int, candidate: Pruned, lower: float) -> Point:
    figures = Figures(1.0, 1.0, 0.0, lower, 0.0, 0.0, 0, 0, 1.0, 0.0, 0.0, 0.0)
    return Point(number, candidate.label, candidate, costs=Costs(9000, 9000, 100, 0.1), figures=figures)


def test_a_step_that_loses_too_much_is_rolled_back_and_halved() -> None:
    rule = AccuracyRule(0.01, 0.1)
    asked: list[Pruned] = []

    def evaluate(number: int, candidate: Pruned) -> Point:
        asked.append(candidate)
        share = candidate.shares[-1] if candidate.shares else 1.0
        return judged(number, candidate, 0.0 if share > 0.45 else -0.05)

    points = descend(evaluate, lambda point: point.kept(rule), first=13)
    assert [point.number for point in points] == list(range(13, 13 + len(points)))
    assert [candidate.shares[-1:] for candidate in asked] == [(), (0.75,), (0.5625,), (0.4219,), (0.4922,), (0.4307,)]
    assert asked[-2].shares == (0.75, 0.5625, 0.4922)


def test_a_point_of_it_comes_back_from_json() -> None:
    point = judged(4, Pruned((0.75, 0.5)), 0.0)
    assert point_from_json(point.to_json()) == point
    with pytest.raises(ModelFault, match="do not fall"):
        Pruned((0.5, 0.75))
    with pytest.raises(ModelFault, match="is no candidate"):
        point_from_json(point.to_json() | {"candidate": {"shares": 3}})
