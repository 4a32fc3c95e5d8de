"""Single layers with random weights for benchmarks, quantised as a trained layer is: activations behind a ReLU in and
out, results spread over the whole of int8. The same layer for the same arguments.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .checks import WEIGHT_RANGES
from .examples import ds_cnn
from .operators import Conv2d, Dense, DepthwiseConv2d, Tensor, window_shape
from .reference import apply
from .rounding import encode_factor
from .subjects import Subject, network_subject

_RELU = -127  # the zero point of an activation that is never negative
_SPOTTER_SEED = 1
_BIAS_LIMIT = 2000
_OUTPUT_RMS = 110.0  # steps of int8, of the output before the ReLU


def kernel_subjects() -> tuple[Subject, ...]:
    """The layers that are compared one by one: dense ones, and those of MLPerf Tiny's keyword spotter."""
    sizes = ((128, 128), (256, 64), (32, 16))
    dense = [dense_subject(inputs, outputs, bits) for bits in (8, 4, 2) for inputs, outputs in sizes]
    return (
        *dense,
        conv_subject("pointwise 64→64 on 25×5, int8", (25, 5, 64), 64, (1, 1), (1, 1), (0, 0, 0, 0)),
        depthwise_subject("depthwise 3×3, 64 channels on 25×5, int8", (25, 5, 64), (3, 3)),
        conv_subject(
            "convolution 10×4 of stride 2, 1→64 on 49×10, int8", (49, 10, 1), 64, (10, 4), (2, 2), (4, 5, 1, 1)
        ),
    )


def autoencoder_subject() -> Subject:
    """MLPerf Tiny's anomaly detector: 640 inputs, ten dense layers, 264,192 multiply-accumulates."""
    rng = np.random.default_rng(640)
    source, first = _input(rng, (640,))
    operators: list[Dense] = []
    values: NDArray[np.generic] = first
    for outputs in (128, 128, 128, 128, 8, 128, 128, 128, 128, 640):
        operators.append(_dense(rng, values, outputs, 8))
        values = apply(operators[-1], values.reshape(1, -1))[0]
    return Subject("autoencoder", "autoencoder of MLPerf Tiny, int8", source, tuple(operators), first)


def keyword_spotter_subject(bits: int) -> Subject:
    """MLPerf Tiny's keyword spotter, from its int8 input to its logits; one factor for all logits."""
    graph = ds_cnn(_SPOTTER_SEED, bits)
    last = graph.operators[-1]
    assert isinstance(last, Dense)
    factor = round(last.multiplier.mean())
    logits = replace(last, multiplier=np.full_like(last.multiplier, factor))
    graph = replace(graph, operators=(*graph.operators[:-1], logits))
    features = np.random.default_rng(_SPOTTER_SEED).integers(-32768, 32767, graph.input.size, endpoint=True)
    title = f"DS-CNN keyword spotter of MLPerf Tiny, int{bits}"
    return network_subject(f"ds_cnn_{bits}", title, graph, features.astype(np.int16))


def dense_subject(inputs: int, outputs: int, bits: int) -> Subject:
    """Fully connected; one factor for all outputs, as CMSIS-NN's kernel wants it."""
    rng = np.random.default_rng([inputs, outputs, bits])
    source, values = _input(rng, (inputs,))
    operator = _dense(rng, values, outputs, bits)
    return Subject(
        f"dense_{bits}_{inputs}_{outputs}", f"dense {inputs}×{outputs}, int{bits}", source, (operator,), values
    )


def conv_subject(
    title: str,
    input_shape: tuple[int, int, int],
    outputs: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int, int, int],
) -> Subject:
    """int8 convolution; a factor per output channel. padding (top, bottom, left, right)."""
    rng = np.random.default_rng([*input_shape, outputs, *kernel])
    source, values = _input(rng, input_shape)
    weights = _weights(rng, (outputs, *kernel, input_shape[2]), 8)
    sample = rng.choice(values.reshape(-1).astype(np.int64) - _RELU, weights[0].size)
    bias, multiplier = _quantise(rng, weights.reshape(outputs, -1), sample, rng.uniform(0.6, 1.4, outputs))
    shape = (*window_shape(input_shape, kernel, stride, padding), outputs)
    output = Tensor(shape, "int8", 1.0, _RELU)
    operator = Conv2d("conv", weights, bias, multiplier, 8, stride, padding, _RELU, input_shape, output)
    name = "_".join(str(size) for size in ("conv", *input_shape, outputs, *kernel))
    return Subject(name, title, source, (operator,), values)


def depthwise_subject(title: str, input_shape: tuple[int, int, int], kernel: tuple[int, int]) -> Subject:
    """int8 depthwise convolution of stride 1 that keeps height and width; a factor per channel."""
    channels = input_shape[2]
    rng = np.random.default_rng([*input_shape, *kernel])
    source, values = _input(rng, input_shape)
    weights = _weights(rng, (*kernel, channels), 8)
    rows = weights.reshape(-1, channels).T
    sample = rng.choice(values.reshape(-1).astype(np.int64) - _RELU, rows.shape[1])
    bias, multiplier = _quantise(rng, rows, sample, rng.uniform(0.6, 1.4, channels))
    (above, below), (before, after) = (_same(size) for size in kernel)
    padding, output = (above, below, before, after), Tensor(input_shape, "int8", 1.0, _RELU)
    operator = DepthwiseConv2d("depthwise", weights, bias, multiplier, 8, (1, 1), padding, _RELU, input_shape, output)
    name = "_".join(str(size) for size in ("depthwise", *input_shape, *kernel))
    return Subject(name, title, source, (operator,), values)


def _dense(rng: np.random.Generator, values: NDArray[np.generic], outputs: int, bits: int) -> Dense:
    """A layer whose outputs for `values`, less the zero point of a ReLU, fill int8."""
    weights = _weights(rng, (outputs, values.size), bits)
    bias, multiplier = _quantise(rng, weights, values.astype(np.int64) - _RELU, np.ones(outputs))
    return Dense(f"dense_{outputs}", weights, bias, multiplier, bits, Tensor((outputs,), "int8", 1.0, _RELU))


def _same(kernel: int) -> tuple[int, int]:
    """Padding before and after that makes as many outputs as inputs at stride 1."""
    return (kernel - 1) // 2, kernel // 2


def _input(rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Tensor, NDArray[np.int8]]:
    values = rng.integers(-127, 127, shape, endpoint=True).astype(np.int8)
    return Tensor(shape, "int8", 1.0, _RELU), values


def _weights(rng: np.random.Generator, shape: tuple[int, ...], bits: int) -> NDArray[np.int8]:
    low, high = WEIGHT_RANGES[bits]
    return rng.integers(low, high, shape, endpoint=True).astype(np.int8)


def _quantise(
    rng: np.random.Generator, rows: NDArray[np.int8], inputs: NDArray[np.int64], spread: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Folded biases and multipliers for which `rows` on `inputs` (less their zero point) fill int8."""
    sums = rows.astype(np.int64) @ inputs
    bias = rng.integers(-_BIAS_LIMIT, _BIAS_LIMIT, len(rows), endpoint=True) - round(sums.mean())
    rms = np.sqrt(np.mean((sums + bias).astype(np.float64) ** 2))
    multiplier = np.array([encode_factor(min(0.49, _OUTPUT_RMS / rms * scale)) for scale in spread])
    factor = multiplier / 2.0**32
    folded = bias - _RELU * rows.astype(np.int64).sum(axis=1) + np.rint(_RELU / factor)
    return folded.astype(np.int32), multiplier.astype(np.int32)
