"""What the benchmarks run: layers, front ends, and how they are described to other libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from proofboard_harness.benchmarks.c_arrays import constant
from proofboard_harness.benchmarks.cmsis_dsp import CHAINS, STAGES, Chain, chain_source
from proofboard_harness.benchmarks.cmsis_nn import network_source, quantise_factors
from proofboard_harness.product import (
    LayerTensors,
    Subject,
    autoencoder_subject,
    frontend_subject,
    kernel_subjects,
    keyword_spotter_subject,
)

LAYERS = kernel_subjects()
NETWORKS = (autoencoder_subject(), keyword_spotter_subject(8), keyword_spotter_subject(4))
SUBJECTS = {subject.name: subject for subject in (*LAYERS, *NETWORKS)}


@given(st.floats(2.0**-24, 0.5, exclude_max=True))
def test_quantised_factor_is_the_factor_to_31_bits(factor: float) -> None:
    multiplier, shift = quantise_factors(np.array([factor]))
    assert 1 << 30 <= multiplier[0] < 1 << 31
    assert multiplier[0] * 2.0 ** (int(shift[0]) - 31) == pytest.approx(factor, rel=2.0**-31)


def products(layer: LayerTensors, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """Σ weights × values, place by place: [height, width, channels]; `values` is 0 where there is padding."""
    if layer.kind == "dense":
        return (layer.weights.astype(np.int64) @ values.reshape(-1)).reshape(layer.output_shape)
    height, width, _ = layer.output_shape
    rows, columns = layer.kernel
    padded = np.pad(values, ((layer.padding[0], rows), (layer.padding[1], columns), (0, 0)))
    result = np.zeros(layer.output_shape, dtype=np.int64)
    for y in range(height):
        for x in range(width):
            top, left = y * layer.stride[0], x * layer.stride[1]
            window = padded[top : top + rows, left : left + columns]
            if layer.kind == "conv":
                result[y, x] = layer.weights.reshape(len(layer.weights), -1).astype(np.int64) @ window.reshape(-1)
            else:
                result[y, x] = (layer.weights.astype(np.int64) * window).sum(axis=(0, 1))
    return result


def by_description(subject: Subject) -> NDArray[np.int64]:
    """The output of a single layer from what other libraries are told of it, rounded once."""
    (layer,) = subject.layers()
    values = subject.values.astype(np.int64).reshape(layer.input_shape) - layer.input_zero_point
    scaled = layer.output_zero_point + layer.factor * (products(layer, values) + layer.bias)
    return np.asarray(np.clip(np.floor(scaled + 0.5), -127, 127)).astype(np.int64)


@pytest.mark.parametrize("name", [subject.name for subject in LAYERS])
def test_description_computes_what_the_reference_does(name: str) -> None:
    """The zero point inside the bias is rounded to a step of the accumulator: a few outputs are one step off."""
    subject = SUBJECTS[name]
    steps = np.abs(by_description(subject).reshape(-1) - subject.reference().astype(np.int64))
    assert steps.max() <= 1
    assert (steps > 0).mean() < 0.1


@pytest.mark.parametrize("name", [subject.name for subject in (*LAYERS, NETWORKS[0])])
def test_outputs_fill_the_range(name: str) -> None:
    output = SUBJECTS[name].reference().astype(np.int64)
    assert output.max() >= 20
    assert 0.1 < (output > -127).mean() < 0.9


def test_shapes_are_those_that_are_published() -> None:
    assert SUBJECTS["autoencoder"].macs == 264_192
    assert SUBJECTS["ds_cnn_8"].macs == SUBJECTS["ds_cnn_4"].macs == 2_656_768
    assert SUBJECTS["conv_25_5_64_64_1_1"].macs == 512_000
    assert SUBJECTS["depthwise_25_5_64_3_3"].macs == 72_000
    assert SUBJECTS["conv_49_10_1_64_10_4"].macs == 320_000
    assert SUBJECTS["dense_4_128_128"].bits == 4


@pytest.mark.parametrize(
    "name", ["dense_8_32_16", "conv_49_10_1_64_10_4", "depthwise_25_5_64_3_3", "autoencoder", "ds_cnn_8"]
)
def test_network_source_calls_every_layer_once(name: str) -> None:
    subject = SUBJECTS[name]
    text = network_source("theirs", subject.layers(), subject.values)
    functions = ("arm_fully_connected_s8(", "arm_avgpool_s8(", "_wrapper_s8(")
    assert sum(text.count(function) for function in functions) == len(subject.operators)
    assert f"int8_t theirs__output[{subject.output.size}]" in text


def test_logits_of_the_keyword_spotter_differ() -> None:
    logits = SUBJECTS["ds_cnn_8"].reference().astype(np.int64)
    assert logits.shape == (12,)
    assert logits.std() > 1000
    assert len(set(SUBJECTS["ds_cnn_8"].layers()[-1].factor)) == 1


@pytest.mark.parametrize("shape", [(512, 32), (256, 32)])
def test_front_end_is_close_to_float64(shape: tuple[int, int]) -> None:
    subject = frontend_subject(*shape)
    error = subject.decibels(subject.reference()) - subject.tensors.exact(2)
    assert error.shape == (subject.frames, shape[1])
    assert np.sqrt(np.mean(error**2)) < 0.1
    assert np.abs(error).max() < 1.0


@pytest.mark.parametrize("chain", CHAINS, ids=[chain.key for chain in CHAINS])
def test_chain_has_every_stage(chain: Chain) -> None:
    subject = frontend_subject(256, 32)
    text = chain_source("theirs", chain, subject.tensors)
    assert all(f"theirs__{stage}(" in text for stage in STAGES)
    assert "#define FRAME 256" in text


def test_constants_are_exact() -> None:
    assert "{-128, 127}" in constant("a", np.array([-128, 127], np.int8)).replace("\n    ", "")
    text = constant("b", np.array([0.1, -2.0], np.float32)).partition("{")[2].partition("}")[0]
    numbers = [float.fromhex(item.strip().removesuffix("f")) for item in text.split(",")]
    assert numbers == [float(np.float32(0.1)), -2.0]
