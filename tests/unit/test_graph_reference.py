"""The integer reference against PyTorch: sums and maxima of windows before requantisation, in float64 on whole numbers,
and against Python's whole numbers after it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from graph_example import (
    bits_of,
    random_add,
    random_average_pool2d,
    random_conv2d,
    random_dense,
    random_depthwise_conv2d,
    random_input,
    random_max_pool2d,
    random_shape,
    residual_graph,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from proofboard_host.graph import reference, reference_spatial
from proofboard_host.graph.exact import exact_products
from proofboard_host.graph.operators import Conv2d, DepthwiseConv2d, DType, Spatial
from torch.nn import functional

CLIPS = 3
seeds = st.integers(0, (1 << 32) - 1)
many = settings(max_examples=150, deadline=None)


def images(rng: np.random.Generator, operator: Spatial) -> NDArray[np.int8]:
    return random_input(rng, "int8", (CLIPS, *operator.input_shape))


def to_torch(values: NDArray[np.generic]) -> torch.Tensor:
    """Channels first, as PyTorch has them."""
    return torch.from_numpy(values.astype(np.float64)).permute(0, 3, 1, 2)


def from_torch(values: torch.Tensor) -> NDArray[np.float64]:
    return values.permute(0, 2, 3, 1).numpy()


def padded(operator: Conv2d | DepthwiseConv2d, values: NDArray[np.int8]) -> torch.Tensor:
    top, bottom, left, right = operator.padding
    return functional.pad(to_torch(values), (left, right, top, bottom), value=operator.pad_value)


@many
@given(seeds)
def test_conv2d_is_torchs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_conv2d(rng, random_shape(rng), int(rng.integers(1, 9)), bits_of(rng))
    values = images(rng, operator)
    weights = torch.from_numpy(operator.weights.astype(np.float64)).permute(0, 3, 1, 2)
    bias = torch.from_numpy(operator.bias.astype(np.float64))
    expected = functional.conv2d(padded(operator, values), weights, bias, operator.stride)
    assert np.array_equal(reference_spatial.conv2d_sums(values, operator), from_torch(expected))


@many
@given(seeds)
def test_depthwise_is_torchs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_depthwise_conv2d(rng, random_shape(rng), bits_of(rng))
    values = images(rng, operator)
    weights = torch.from_numpy(operator.weights.astype(np.float64)).permute(2, 0, 1).unsqueeze(1)
    bias = torch.from_numpy(operator.bias.astype(np.float64))
    expected = functional.conv2d(padded(operator, values), weights, bias, operator.stride, groups=len(weights))
    assert np.array_equal(reference_spatial.depthwise_conv2d_sums(values, operator), from_torch(expected))


@many
@given(seeds)
def test_average_pool_is_torchs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_average_pool2d(rng, random_shape(rng))
    values = images(rng, operator)
    sums = functional.avg_pool2d(to_torch(values), operator.kernel, operator.stride, divisor_override=1)
    assert np.array_equal(reference_spatial.average_pool2d_sums(values, operator), from_torch(sums) + operator.bias)


@many
@given(seeds)
def test_max_pool_is_torchs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_max_pool2d(rng, random_shape(rng))
    values = images(rng, operator)
    expected = functional.max_pool2d(to_torch(values), operator.kernel, operator.stride)
    assert np.array_equal(reference_spatial.max_pool2d(values, operator), from_torch(expected))


@many
@given(seeds, st.integers(1, 900), st.integers(1, 4))
def test_products_are_exact(seed: int, products: int, outputs: int) -> None:
    """Both kinds of float: sums of few and of many products."""
    rng = np.random.default_rng(seed)
    weights = random_input(rng, "int8", (outputs, products))
    values = random_input(rng, "int8", (CLIPS, products))
    expected = values.astype(np.int64) @ weights.astype(np.int64).T
    assert np.array_equal(exact_products(values, weights), expected)


def scaled(accumulator: int, multiplier: int, limit: int = 127) -> int:
    """In Python's whole numbers."""
    low = -127 if limit == 127 else -limit - 1
    return min(max((accumulator * multiplier + (1 << 31)) >> 32, low), limit)


SPATIAL: dict[str, tuple[Callable[[np.random.Generator], Spatial], Callable[..., NDArray[np.int32]]]] = {
    "conv2d": (lambda rng: random_conv2d(rng, random_shape(rng), 5), reference_spatial.conv2d_sums),
    "depthwise": (
        lambda rng: random_depthwise_conv2d(rng, random_shape(rng)),
        reference_spatial.depthwise_conv2d_sums,
    ),
    "average pool": (
        lambda rng: random_average_pool2d(rng, random_shape(rng)),
        reference_spatial.average_pool2d_sums,
    ),
}


@pytest.mark.parametrize(("make", "sums"), SPATIAL.values(), ids=SPATIAL.keys())
@pytest.mark.parametrize("seed", range(20))
def test_spatial_outputs_are_requantised_sums(
    make: Callable[[np.random.Generator], Conv2d], sums: Callable[..., NDArray[np.int32]], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    operator = make(rng)
    values = images(rng, operator)
    accumulators = sums(values, operator)
    multipliers = np.broadcast_to(operator.multiplier, accumulators.shape)
    expected = [scaled(int(a), int(m)) for a, m in zip(accumulators.flat, multipliers.flat, strict=True)]
    got = reference.apply(operator, values.reshape(CLIPS, -1))
    assert got.dtype == np.int8
    assert got.ravel().tolist() == expected


@many
@given(seeds, st.sampled_from(["int8", "int16"]))
def test_dense_is_its_formula(seed: int, dtype: DType) -> None:
    rng = np.random.default_rng(seed)
    operator = random_dense(rng, int(rng.integers(1, 40)), 4, dtype, bits_of(rng))
    values = random_input(rng, "int8", (1, operator.weights.shape[1]))
    expected = []
    for weights, bias, multiplier in zip(operator.weights, operator.bias, operator.multiplier, strict=True):
        accumulator = int(bias) + sum(int(w) * int(x) for w, x in zip(weights, values[0], strict=True))
        assert abs(accumulator) < 1 << 31
        expected.append(scaled(accumulator, int(multiplier), 127 if dtype == "int8" else 32767))
    assert reference.apply(operator, values)[0].tolist() == expected


@many
@given(seeds)
def test_add_is_its_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator = random_add(rng, (6,))
    first, second = (random_input(rng, "int8", (1, 6)) for _ in range(2))
    expected = []
    for x, y in zip(first[0].tolist(), second[0].tolist(), strict=True):
        accumulator = x * operator.first + y * operator.second + operator.bias
        assert abs(accumulator) < 1 << 31
        expected.append(min(max(accumulator >> operator.shift, -127), 127))
    assert reference.apply(operator, first, second)[0].tolist() == expected


def test_trace_follows_the_wiring() -> None:
    """Every operator of a graph with branches, applied by hand to the outputs its sources name."""
    graph = residual_graph(3, 12)
    features = random_input(np.random.default_rng(1), "int16", (700, 12))
    trace = reference.run(graph, features)
    tensors = [features, *trace.layers]
    for operator, read, layer in zip(graph.operators, graph.wiring, trace.layers, strict=True):
        assert np.array_equal(reference.apply(operator, *(tensors[source] for source in read)), layer)
        assert layer.shape == (700, operator.output.size)


def test_clips_do_not_meet() -> None:
    """A clip's logits do not depend on what else is computed with it."""
    graph = residual_graph(4, 12)
    features = random_input(np.random.default_rng(2), "int16", (9, 12))
    together = reference.run(graph, features).logits
    alone = np.concatenate([reference.run(graph, features[clip : clip + 1]).logits for clip in range(9)])
    assert np.array_equal(together, alone)
