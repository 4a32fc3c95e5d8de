"""Layouts of the weights of convolutions, and what is special about their kernels; `test_kernels.py` runs them all on
random operators."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import (
    DRIVER,
    first_difference,
    input_bytes,
    operator_sources,
    random_exchanges,
    write_calls,
)
from proofboard_host.graph.checks import WEIGHT_RANGES
from proofboard_host.graph.examples import ds_cnn
from proofboard_host.graph.operators import Conv2d, Dense, DepthwiseConv2d
from proofboard_host.graph.packing_conv import (
    ROWS,
    WIDE_BYTES,
    fold_padding,
    group_rows,
    pack_depthwise,
    pack_filters,
    pack_scaling,
    product_scratch_bytes,
    unpack_depthwise,
    unpack_filters,
)
from proofboard_host.graph.reference import run
from spatial_cases import shaped_calls

widths = st.sampled_from(sorted(WEIGHT_RANGES))
seeds = st.integers(0, 2**32 - 1)


def random_weights(seed: int, shape: tuple[int, ...], bits: int) -> np.ndarray:
    low, high = WEIGHT_RANGES[bits]
    return np.random.default_rng(seed).integers(low, high + 1, shape).astype(np.int8)


@given(seeds, st.integers(1, 13), st.integers(1, 70), widths)
def test_filters_come_back(seed: int, outputs: int, inputs: int, bits: int) -> None:
    weights = random_weights(seed, (outputs, inputs), bits)
    packed = pack_filters(weights, bits)
    assert packed.size == -(-outputs // 4) * -(-inputs // 4) * 16 * bits // 8
    assert np.array_equal(unpack_filters(packed, outputs, inputs, bits), weights)


@given(seeds, st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 9)), widths)
def test_depthwise_weights_come_back(seed: int, shape: tuple[int, int, int], bits: int) -> None:
    weights = random_weights(seed, shape, bits)
    packed = pack_depthwise(weights, bits)
    assert packed.size == -(-weights.size * bits // 8)
    assert np.array_equal(unpack_depthwise(packed, shape, bits), weights)


def test_layouts_by_hand() -> None:
    """The layouts of conv_filters.h: two blocks of one quad, of which the second holds one row of one weight."""
    rows = np.array([[-8, -7, -6, -5], [-4, -3, -2, -1], [0, 1, 2, 3], [4, 5, 6, 7], [-8, 0, 0, 0]], np.int8)
    assert pack_filters(rows, 8)[:20].view(np.int8).tolist() == rows.reshape(-1).tolist()
    assert pack_filters(rows, 4)[:8].tolist() == [0x10, 0x54, 0x32, 0x76, 0x98, 0xDC, 0xBA, 0xFE]
    assert pack_filters(rows, 4)[8:].tolist() == [0x80, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88]
    two = np.array([[-2, -1, 0, 1], [1, 0, -1, -2], [0, 0, 0, 0], [-2, -2, 1, 1]], np.int8)
    assert pack_filters(two, 2).tolist() == [0b01_00 | 0b10_11 << 4, 0b10_10, 0b11_10 | 0b00_01 << 4, 0b10_10 | 0xF0]
    scaling = pack_scaling(np.arange(5, dtype=np.int32), np.arange(11, 16, dtype=np.int32))
    assert scaling.tolist() == [0, 1, 2, 3, 11, 12, 13, 14, 4, 0, 0, 0, 15, 1, 1, 1]


@given(st.integers(1, 300), st.integers(1, 5000))
def test_groups_fit_their_memory(outputs: int, inputs: int) -> None:
    group = group_rows(outputs, inputs)
    assert group % ROWS == 0
    assert group < outputs + ROWS
    wide = 8 * group * -(-inputs // 4)
    assert wide <= WIDE_BYTES or group == ROWS
    assert product_scratch_bytes(outputs, inputs) >= wide + 4 * inputs


@pytest.mark.parametrize(("outputs", "inputs", "group"), [(64, 64, 64), (9, 3, 12), (256, 64, 128), (8, 4000, 4)])
def test_groups_are_equal_parts(outputs: int, inputs: int, group: int) -> None:
    assert group_rows(outputs, inputs) == group


def test_ends_of_loops(compile_sanitised: Callable[[str, Sequence[Path]], Path], tmp_path: Path) -> None:
    every = shaped_calls(52)
    expected = random_exchanges(52, every)
    program = compile_sanitised("spatial", [*write_calls(every, tmp_path), DRIVER, *operator_sources()])
    done = subprocess.run([program], input=input_bytes(expected), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert first_difference(every, expected, done.stdout) is None


@given(seeds, st.integers(-127, 127))
def test_padding_in_the_bias_is_a_window_of_padding(seed: int, pad_value: int) -> None:
    weights = random_weights(seed, (3, 2, 5), 8)
    bias = np.array([0, 5, -5, (1 << 31) - 1 - 127 * 127 * 6, 127 * 127 * 6 - (1 << 31)], np.int32)
    alone = bias + np.einsum("yxc,yx->c", weights.astype(np.int64), np.full((3, 2), pad_value))
    assert fold_padding(bias, weights, pad_value).tolist() == alone.tolist()


def test_the_keyword_spotter_is_the_published_one() -> None:
    graph = ds_cnn(1, bits=4)
    assert graph.macs == 2_656_768
    weighted = [operator for operator in graph.operators if isinstance(operator, Conv2d | DepthwiseConv2d | Dense)]
    assert sum(operator.weights.size for operator in weighted) == 22_016
    assert ds_cnn(1, bits=4).digest == graph.digest
    assert ds_cnn(2, bits=4).digest != graph.digest
    layers = run(graph, np.random.default_rng(3).integers(-32768, 32768, (2, 49, 10, 1)).astype(np.int16)).layers
    assert all((layer > layer.min()).mean() > 0.01 for layer in layers)  # no layer is stuck at one end
    assert all((np.abs(layer.astype(np.int32)) == 127).mean() < 0.7 for layer in layers)
