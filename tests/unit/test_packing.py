"""Layouts of the weights of dense layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_host.graph.checks import WEIGHT_RANGES
from proofboard_host.graph.packing import (
    KERNELS,
    S2,
    S4,
    S8,
    S8_WIDE,
    DenseKernel,
    pack_dense,
    pack_words,
    unpack_dense,
    unpack_words,
)

kernels = st.sampled_from(KERNELS)
seeds = st.integers(0, 2**32 - 1)


def random_rows(seed: int, rows: int, inputs: int, kernel: DenseKernel) -> np.ndarray:
    low, high = WEIGHT_RANGES[kernel.layout.bits]
    return np.random.default_rng(seed).integers(low, high + 1, (rows, inputs)).astype(np.int8)


@given(seeds, st.integers(1, 13), st.integers(1, 70), kernels)
def test_layers_come_back(seed: int, outputs: int, inputs: int, kernel: DenseKernel) -> None:
    weights = random_rows(seed, outputs, inputs, kernel)
    bias, multiplier = np.random.default_rng(seed).integers(-(1 << 31), 1 << 31, (2, outputs)).astype(np.int32)
    packed = pack_dense(weights, bias, multiplier, kernel.layout)
    assert packed.size == outputs * (-(-inputs // kernel.layout.columns) + 2)
    back = unpack_dense(packed, inputs, outputs, kernel.layout)
    assert all(np.array_equal(one, other) for one, other in zip(back, (weights, bias, multiplier), strict=True))


@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_extremes_come_back(kernel: DenseKernel) -> None:
    columns = kernel.layout.columns
    ends = np.array(WEIGHT_RANGES[kernel.layout.bits])
    rows = ends[np.arange(1 << columns)[:, None] >> np.arange(columns) & 1].astype(np.int8)
    assert np.array_equal(unpack_words(pack_words(rows, kernel.layout), columns, kernel.layout), rows)


@given(seeds)
def test_halves_of_a_word_are_sums_of_two_int8_weights(seed: int) -> None:
    weights = random_rows(seed, 5, 4, S8)
    halves = pack_words(weights, S8.layout).view(np.int16)
    assert np.array_equal(halves, 256 * weights[:, 1::2].astype(int) + weights[:, 0::2])


@pytest.mark.parametrize(
    ("kernel", "weights", "word"),
    [
        (S8, [1, 2, 3, 4], 0x04030201),
        (S8, [-1, 0, -127, 127], 0x7E81FFFF),
        (S8, [1], 0x00000001),
        (S8_WIDE, [-1, 0, -127, 127], 0x7F8100FF),
        (S4, [-7, 2, -5, 4, -3, 6, -1, 7], 0x7743_6521),
        (S4, [0], 0x0808_0808),
        (S2, [-1, -1, 1, 1, -2, -2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], 0xFFAF_FF05),
    ],
    ids=repr,
)
def test_words_are_as_the_header_says(kernel: DenseKernel, weights: list[int], word: int) -> None:
    assert pack_words(np.array([weights], np.int8), kernel.layout).tolist() == [[word]]


def test_rows_go_four_at_a_time() -> None:
    rows = np.arange(1, 7)
    weights = np.repeat(rows[:, None], 5, axis=1).astype(np.int8)
    packed = pack_dense(weights, 10 * rows.astype(np.int32), 100 * rows.astype(np.int32), S8_WIDE.layout)
    full, last = [n * 0x01010101 for n in range(1, 7)], list(range(1, 7))
    group = [*full[:4], *last[:4], 10, 20, 30, 40, 100, 200, 300, 400]
    assert packed.tolist() == [*group, full[4], last[4], 50, 500, full[5], last[5], 60, 600]
