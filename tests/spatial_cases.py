"""Convolutions and pools of every shape that ends differently: quads and blocks of weights, filled or not, groups of
rows, pairs of pixels and of lines, taps in fours; and sums that 16 bits can't hold."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from graph_example import Shape, pad_value, random_constants, random_weights
from kernel_cases import Call
from proofboard_host.graph.operators import AveragePool2d, Conv2d, DepthwiseConv2d, Operator, Tensor, window_shape

Padding = tuple[int, int, int, int]

_NONE: Padding = (0, 0, 0, 0)
_BITS = (8, 4, 2)


def shaped_calls(seed: int) -> list[Call]:
    """All calls of this file."""
    rng = np.random.default_rng(seed)
    kinds = (_pointwise, _grouped, _lines, _taps, _long_means)
    return [Call(operator, None) for kind in kinds for operator in kind(rng)]


def conv(rng: np.random.Generator, shape: Shape, outputs: int, kernel: tuple[int, int], padding: Padding) -> Conv2d:
    """Of stride 1 and random weights of any width."""
    bits = int(rng.choice(_BITS))
    weights = random_weights(rng, (outputs, *kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(outputs, -1), 60)
    output = Tensor((*window_shape(shape, kernel, (1, 1), padding), outputs), "int8", 0.25)
    return Conv2d("conv", weights, bias, multiplier, bits, (1, 1), padding, pad_value(rng), shape, output)


def depthwise(rng: np.random.Generator, shape: Shape, kernel: tuple[int, int], padding: Padding) -> DepthwiseConv2d:
    """Of stride 1 and random weights of any width."""
    bits = int(rng.choice(_BITS))
    weights = random_weights(rng, (*kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(-1, shape[2]).T, 60)
    output = Tensor((*window_shape(shape, kernel, (1, 1), padding), shape[2]), "int8", 0.25)
    return DepthwiseConv2d("depthwise", weights, bias, multiplier, bits, (1, 1), padding, pad_value(rng), shape, output)


def _pointwise(rng: np.random.Generator) -> Iterator[Operator]:
    """Every number of inputs around four quads, one to five outputs, one to three pixels."""
    for inputs, outputs in product(range(1, 18), range(1, 6)):
        yield conv(rng, (1, int(rng.integers(1, 4)), inputs), outputs, (1, 1), _NONE)


def _grouped(rng: np.random.Generator) -> Iterator[Operator]:
    """More weights than are widened at a time."""
    for outputs in (21, 24):
        yield conv(rng, (2, 3, 70), outputs, (3, 3), (1, 1, 1, 1))
    yield conv(rng, (1, 3, 2100), 6, (1, 1), _NONE)


def _lines(rng: np.random.Generator) -> Iterator[Operator]:
    """Depthwise of 3×3 along either direction, odd and even, with every padding."""
    for height, width in product(range(1, 6), range(1, 6)):
        shape = (height, width, int(rng.choice([4, 8])))
        top, bottom, left, right = (int(rng.integers(max(0, 3 - size), 3)) for size in (height, height, width, width))
        yield depthwise(rng, shape, (3, 3), (top, bottom, left, right))


def _taps(rng: np.random.Generator) -> Iterator[Operator]:
    """Depthwise of one to nine taps in a row or a column, with channels in fours and more."""
    for taps, channels in product(range(1, 10), (4, 5, 8)):
        before, after = int(rng.integers(0, taps)), int(rng.integers(0, taps))
        yield depthwise(rng, (1, taps, channels), (1, taps), (0, 0, before, after))
        yield depthwise(rng, (taps, 1, channels), (taps, 1), (before, after, 0, 0))


def _long_means(rng: np.random.Generator) -> Iterator[Operator]:
    """Averages of more values of ±127 than 16 bits hold, whole rows of the image and parts of them."""
    for shape, kernel in (((1, 700, 4), (1, 600)), ((20, 20, 5), (20, 20)), ((3, 400, 4), (2, 399))):
        output = Tensor((*window_shape(shape, kernel, (1, 1)), shape[2]), "int8", 0.25)
        multiplier = (1 << 32) // (kernel[0] * kernel[1])
        yield AveragePool2d("average", kernel, (1, 1), int(rng.integers(-99, 99)), multiplier, shape, output)
