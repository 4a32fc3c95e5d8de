"""What others do to make networks small, and the contest with ours: in small, on made-up features."""

from __future__ import annotations

import ctypes
import dataclasses
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from proofboard_harness.benchmarks.sparse_code import CODINGS, FOLDER
from proofboard_host.errors import ModelFault
from proofboard_host.rivals.cells import NetworkStore, key_of
from proofboard_host.rivals.contest import Contest
from proofboard_host.rivals.families import own, separable
from proofboard_host.rivals.floor import Floor
from proofboard_host.rivals.ladder import smallest_kept
from proofboard_host.rivals.plain import float_network, plain, prune_uniformly, prune_weights
from proofboard_host.rivals.plan import OURS, quick_plan, variants
from proofboard_host.rivals.recipes import Kitchen, Recipe, Tuning
from proofboard_host.rivals.sparse import CODINGS as ENCODERS
from proofboard_host.rivals.sparse import Coded, encode_bitmap, encode_rice, weight_bytes
from proofboard_host.rivals.standings import stand
from proofboard_host.search.student import Effort
from proofboard_host.train.convolutional import train_convolutional
from proofboard_host.train.crossval import DEFAULT_REGULARISATION
from proofboard_host.train.network import FloatLayer, FloatNetwork
from proofboard_host.train.trainer import TrainingSet, deterministic
from search_example import BANDS, FRAMES, CountingCosts, make_material, small_application
from torch import nn

FEATURES = np.random.default_rng(5).integers(0, 5000, (60, FRAMES, BANDS)).astype(np.int16)


def network(*widths: int) -> FloatNetwork:
    rng = np.random.default_rng(1)
    return FloatNetwork(
        tuple(
            FloatLayer(
                rng.normal(0, inputs**-0.5, (outputs, inputs)).astype(np.float32),
                rng.normal(0, 1, outputs).astype(np.float32),
            )
            for inputs, outputs in pairwise(widths)
        )
    )


def sparse_weights(share: float, shape: tuple[int, int]) -> np.ndarray:
    rng = np.random.default_rng([int(share * 1000), *shape])
    return (rng.integers(-127, 128, shape) * (rng.uniform(size=shape) < share)).astype(np.int8)


class CWeights(ctypes.Structure):
    _fields_ = (
        ("places", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("count", ctypes.c_uint32),
        ("inputs", ctypes.c_uint32),
        ("shift", ctypes.c_uint32),
    )


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """The kernels for this machine; a read behind the codes ends the process."""
    target = tmp_path_factory.mktemp("sparse") / "sparse.so"
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "-o", target, *(FOLDER / f"{name}.c" for name in CODINGS)], check=True)
    return ctypes.CDLL(str(target))


def sums_in_c(kernels: ctypes.CDLL, coding: str, coded: Coded, inputs: np.ndarray, outputs: int) -> np.ndarray:
    sums = np.full(outputs, 7, np.int32)
    places, values = coded.places.copy(), coded.values.copy()
    weights = CWeights(places.ctypes.data, values.ctypes.data, len(values), coded.inputs, coded.shift)
    getattr(kernels, f"sparse_{coding}_add")(
        ctypes.byref(weights), ctypes.c_void_p(inputs.ctypes.data), ctypes.c_void_p(sums.ctypes.data)
    )
    return sums


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("share", [0.0, 0.004, 0.1, 0.7, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (5, 33), (20, 300)])
def test_kernels_for_sparse_weights_sum_what_was_coded(
    kernels: ctypes.CDLL, coding: str, share: float, shape: tuple[int, int]
) -> None:
    weights = sparse_weights(share, shape)
    inputs = np.random.default_rng(2).integers(-127, 128, shape[1]).astype(np.int8)
    sums = sums_in_c(kernels, coding, ENCODERS[coding](weights), inputs, shape[0])
    assert np.array_equal(sums, 7 + weights.astype(np.int64) @ inputs)


def test_codings_take_the_bytes_they_should() -> None:
    weights = sparse_weights(0.05, (64, 400))
    count = np.count_nonzero(weights)
    assert encode_bitmap(weights).bytes == 64 * 400 // 8 + count + 20
    # A gap of 20 on average needs about log2(20 e) = 5.8 bits.
    assert 5.3 < len(encode_rice(weights).places) * 8 / count < 6.5


def test_coding_that_makes_a_layer_larger_is_not_used() -> None:
    dense, thin = sparse_weights(1.0, (8, 100)), sparse_weights(0.05, (40, 100))
    sizes = weight_bytes([dense, thin])
    assert sizes["dense"] == 4800
    assert sizes["rice"] == dense.size + encode_rice(thin).bytes < sizes["bitmap"]


@pytest.mark.parametrize("last", [0, 1, 4, 6])
def test_bisection_finds_the_last_rung_that_keeps_accuracy(last: int) -> None:
    asked: list[int] = []

    def kept(rung: int) -> bool:
        asked.append(rung)
        return rung <= last

    assert smallest_kept(7, kept) == last
    assert len(asked) <= 4
    assert smallest_kept(7, lambda rung: False) is None


def separable_network() -> FloatNetwork:
    application = separable(small_application(), channels=6, epochs=1).application
    rows = TrainingSet(FEATURES, np.arange(len(FEATURES)) % 2, np.ones(len(FEATURES)), 2)
    with deterministic():
        return train_convolutional(application, rows, seed=1, regularisation=DEFAULT_REGULARISATION)


@pytest.mark.parametrize("make", [lambda: network(FRAMES * BANDS, 12, 6, 2), separable_network])
def test_module_computes_what_the_network_does(make: Callable[[], FloatNetwork]) -> None:
    original = make()
    module = plain(original, FEATURES)
    octaves = torch.from_numpy(FEATURES.reshape(len(FEATURES), 1, -1).astype(np.float32) / 256)
    with torch.no_grad():
        assert np.allclose(module(octaves).numpy(), original.forward(FEATURES), atol=5e-3)
    back = float_network(module)
    assert np.allclose(back.forward(FEATURES), original.forward(FEATURES), atol=5e-3)
    assert back.macs == original.macs


def test_uniform_pruning_narrows_every_hidden_layer() -> None:
    module = plain(network(FRAMES * BANDS, 16, 8, 2), FEATURES)
    trained: list[tuple[int, ...]] = []
    prune_uniformly(module, 0.25, lambda pruned: trained.append(float_network(pruned).widths), 2)
    assert float_network(module).widths == (FRAMES * BANDS, 4, 2, 2)
    assert len(trained) == 2
    assert trained[0][1] > trained[1][1] == 4


def test_uniform_pruning_narrows_depthwise_layers_with_those_in_front() -> None:
    module = plain(separable_network(), FEATURES)
    prune_uniformly(module, 0.5, lambda pruned: None, 1)
    pruned = float_network(module)
    assert pruned.trunk is not None
    assert [one.step.output_shape[2] for one in pruned.trunk.convolutions] == [3, 3, 3, 3, 6]
    assert [one.step.depthwise for one in pruned.trunk.convolutions] == [False, *([True, False] * 2)]


def test_magnitude_pruning_keeps_the_largest_weights_zeros_stay() -> None:
    module = plain(network(FRAMES * BANDS, 16, 2), FEATURES)
    before = [layer.weight.detach().clone() for layer in module.layers if isinstance(layer, nn.Linear)]
    prune_weights(module, 0.1, lambda pruned: None, 2)
    after = [layer.weight.detach() for layer in module.layers if isinstance(layer, nn.Linear)]
    values, kept = (torch.cat([weights.flatten() for weights in side]) for side in (before, after))
    assert abs(float((kept != 0).float().mean()) - 0.1) < 0.001
    assert values[kept == 0].abs().max() <= values[kept != 0].abs().min()
    assert np.count_nonzero(float_network(module).layers[0].weights) == int((after[0] != 0).sum())


def test_each_variant_changes_our_candidate() -> None:
    found = variants(BANDS)
    assert found["ours"] == OURS
    assert len(set(found.values())) == len(found) > 8


def test_key_follows_values_and_sources() -> None:
    assert key_of(1, "a") == key_of(1, "a") != key_of(1, "b")
    assert key_of(smallest_kept) != key_of(encode_rice)


def small_contest(folder: Path, told: list[str]) -> Contest:
    application = small_application()
    application = dataclasses.replace(application, network=dataclasses.replace(application.network, hidden=(12, 6)))
    material = make_material(1)
    floor = Floor(application, material, [str(group) for group in material.groups], CountingCosts(), 2000)
    return Contest(floor, quick_plan(application, 2), folder, told.append)


@pytest.mark.slow
def test_contest_is_complete_and_made_only_once(tmp_path: Path) -> None:
    told: list[str] = []
    result = small_contest(tmp_path, told).run()
    assert [method.name for method in result.methods] == ["int8", "uniform", "magnitude", "ours"] * 2
    assert all(len(method.cells) == 2 for method in result.methods)
    plain = result.methods[0].cells[0]
    assert plain is not None
    assert abs(plain.figures.difference) < 0.05
    for method in (*result.methods[1:3], *result.methods[5:7]):
        for cell in method.cells:
            assert cell is not None
            assert cell.kept(result.rule)
            assert (
                cell.costs.rom
                <= (plain if method.family == result.methods[0].family else result.methods[4].cells[0]).costs.rom
            )
    assert len(told) > 10
    # Behind the students, ours prunes a convolutional network itself, as `compress` does.
    assert sum("own network, all channels" in text for text in told) == len(result.seeds)
    for cell in result.methods[7].cells:
        assert cell is not None
        assert cell.kept(result.rule)
    stored = next(path for path in tmp_path.glob("*.answers.npz"))
    whole = stored.read_bytes()
    stored.write_bytes(whole[:-100])
    again: list[str] = []
    assert small_contest(tmp_path, again).run() == result
    assert len(again) == 1
    assert stored.read_bytes() == whole


def test_networks_of_a_fold_learn_nothing_from_its_clips(tmp_path: Path) -> None:
    """The held-out clips of fold 0 are noise: the same graph to the last bit."""
    graphs = []
    for spoilt in (False, True):
        floor = small_contest(tmp_path, []).floor
        if spoilt:
            rows, features = floor.material.fold == 0, floor.material.features.copy()
            features[rows] = np.random.default_rng(9).integers(0, 6000, features[rows].shape)
            floor = dataclasses.replace(floor, material=dataclasses.replace(floor.material, features=features))
        standing = stand(floor, own(floor.application), 3, tmp_path / str(spoilt), lambda text: None)
        kitchen = Kitchen(floor, 3, Tuning(Effort(10, 1e-2, 32), 1), standing.networks)
        graphs.append(kitchen.make(Recipe("uniform", "", "neurons"), 0.5)[0].digest)
    assert graphs[0] == graphs[1]


def test_network_that_could_not_be_made_is_not_stored(tmp_path: Path) -> None:
    def fail() -> None:
        raise ModelFault("no")

    with pytest.raises(ModelFault):
        NetworkStore(tmp_path).obtain("key", fail)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
