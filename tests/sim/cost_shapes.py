"""Operators, networks and front ends to fit costs on, and others to check them with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from graph_example import (
    Shape,
    float_graph,
    integer_graph,
    mixed_graph,
    pad_value,
    random_add,
    random_constants,
    random_conv2d_float,
    random_dense,
    random_dense_float,
    random_quantise,
    random_to_float,
    random_weights,
    residual_graph,
)
from proofboard_host.application import AudioSection, FrontendSection, load_application
from proofboard_host.frontend.selection import select
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.graph.examples import ds_cnn
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import (
    AveragePool2d,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    MaxPool2d,
    Operator,
    Tensor,
    window_shape,
)

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]

BITS = (8, 4, 2)
_FLOAT_IMAGES = (((7, 5, 1), 6), ((9, 6, 3), 4), ((5, 5, 8), 9), ((12, 11, 2), 3), ((3, 8, 5), 5))
FITTED_SEED, HELD_OUT_SEED = 5, 77
FITTED_ROUNDS, HELD_OUT_ROUNDS = 12, 9
_PADDINGS: tuple[Padding, ...] = ((0, 0, 0, 0), (1, 1, 1, 1), (1, 0, 0, 1), (0, 1, 1, 0))


def conv(seed: int, shape: Shape, outputs: int, kernel: Pair, stride: Pair, padding: Padding, bits: int = 8) -> Conv2d:
    """Of that shape, with random weights."""
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (outputs, *kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(outputs, -1), 60)
    output = Tensor((*window_shape(shape, kernel, stride, padding), outputs), "int8", 0.25)
    return Conv2d("conv", weights, bias, multiplier, bits, stride, padding, pad_value(rng), shape, output)


def depthwise(seed: int, shape: Shape, kernel: Pair, stride: Pair, padding: Padding, bits: int = 8) -> DepthwiseConv2d:
    """Likewise."""
    rng = np.random.default_rng(seed)
    weights = random_weights(rng, (*kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(-1, shape[2]).T, 60)
    output = Tensor((*window_shape(shape, kernel, stride, padding), shape[2]), "int8", 0.25)
    return DepthwiseConv2d("depthwise", weights, bias, multiplier, bits, stride, padding, pad_value(rng), shape, output)


def pools(shape: Shape, kernel: Pair, stride: Pair) -> tuple[AveragePool2d, MaxPool2d]:
    """Both kinds with that window."""
    output = Tensor((*window_shape(shape, kernel, stride), shape[2]), "int8", 0.25)
    multiplier = (1 << 32) // (kernel[0] * kernel[1] + 2)
    return (
        AveragePool2d("average", kernel, stride, 0, multiplier, shape, output),
        MaxPool2d("max", kernel, stride, shape, output),
    )


def wide_dense(seed: int, inputs: int, outputs: int) -> Dense:
    """int8 weights so large that the fastest kernel does not take them."""
    dense = random_dense(np.random.default_rng(seed), inputs, outputs, "int8" if seed % 2 else "int16")
    weights = np.full_like(dense.weights, 127)
    return dataclasses.replace(dense, weights=weights, bias=np.zeros_like(dense.bias))


def fitted_operators() -> list[Operator]:
    """Small shapes in which every loop and every remainder occurs, then random ones."""
    rng = np.random.default_rng(1)
    operators: list[Operator] = []
    operators += [random_quantise(rng, size) for size in (1, 3, 8, 30, 121, 400)]
    for bits in BITS:
        for inputs, outputs in ((4, 3), (9, 8), (16, 17), (37, 4), (64, 2), (100, 22), (183, 9), (256, 16)):
            dtype = ("int8", "int16")[(inputs + outputs) % 2]
            operators.append(random_dense(rng, inputs, outputs, dtype, bits))
            operators.append(random_dense(rng, inputs + 5, outputs + 3, dtype, bits))
    operators += [wide_dense(seed, 530 + 7 * seed % 11 * 29, 1 + 5 * seed % 13) for seed in range(12)]
    operators += fitted_convolutions()
    operators += fitted_depthwise()
    for channels in (1, 3, 4, 6, 12, 23):
        for kernel, stride in (((1, 1), (1, 1)), ((2, 3), (2, 1)), ((3, 2), (1, 2)), ((5, 9), (1, 1))):
            operators += pools((7, 9, channels), kernel, stride)
    operators += [pool for shape in ((24, 17, 5), (3, 300, 4), (2, 301, 5)) for pool in pools(shape, shape[:2], (1, 1))]
    operators += pools((3, 300, 5), (2, 290), (1, 1))
    operators += [random_add(rng, (size,)) for size in (1, 3, 8, 30, 121, 400)]
    operators += [random_to_float(rng, size) for size in (1, 7, 40, 300)]
    shapes = ((1, 1), (9, 3), (40, 12), (100, 7), (16, 30), (31, 5), (77, 20))
    operators += [random_dense_float(rng, inputs, outputs) for inputs, outputs in shapes for _ in range(2)]
    operators += [random_conv2d_float(rng, shape, outputs) for shape, outputs in _FLOAT_IMAGES for _ in range(4)]
    return [*operators, *random_operators(FITTED_SEED, FITTED_ROUNDS)]


def fitted_convolutions() -> Iterator[Conv2d]:
    """Pointwise ones, then ones that gather patches; two whose weights are widened in several passes."""
    none: Padding = (0, 0, 0, 0)
    sizes = ((1, 1, 4), (2, 3, 8), (3, 3, 5), (4, 4, 16), (5, 3, 30), (6, 2, 64))
    for seed, (height, width, channels) in enumerate(sizes):
        for outputs in (4, 7, 24):
            yield conv(seed, (height, width, channels), outputs, (1, 1), (1, 1), none, BITS[(seed + outputs) % 3])
    yield conv(7, (3, 3, 200), 60, (1, 1), (1, 1), none)
    yield conv(8, (3, 2, 201), 61, (1, 1), (1, 1), none, 4)
    kernels = (((3, 3), (1, 1)), ((4, 2), (2, 1)), ((1, 5), (1, 2)), ((2, 2), (2, 2)))
    for seed, (kernel, stride) in enumerate(kernels):
        for channels in (1, 2, 4, 7, 16):
            padding = tuple(min(side, size - 1) for side, size in zip(_PADDINGS[seed], _sides(kernel), strict=True))
            outputs = (3, 8, 13)[(seed + channels) % 3]
            shape = (5 + seed, 8 - seed, channels)
            yield conv(seed, shape, outputs, kernel, stride, padding, BITS[(seed + channels) % 3])  # type: ignore[arg-type]
    yield conv(30, (12, 10, 1), 16, (6, 4), (2, 2), (3, 2, 1, 1))
    yield conv(31, (9, 9, 3), 12, (5, 5), (1, 1), (4, 4, 4, 4), 4)
    yield conv(32, (9, 9, 3), 12, (5, 5), (3, 3), (2, 1, 3, 2), 2)
    yield conv(33, (5, 4, 40), 30, (3, 3), (1, 1), (1, 1, 1, 1))


def fitted_depthwise() -> Iterator[DepthwiseConv2d]:
    """Small ones of every kind of remainder, in the image and beyond its border."""
    kernels: tuple[tuple[Pair, Pair], ...] = (
        *(((1, 1), (1, 1)), ((2, 2), (1, 1)), ((3, 3), (2, 2)), ((5, 3), (1, 2)), ((3, 5), (2, 1)), ((1, 4), (1, 1))),
        *(((1, 2), (1, 1)), ((3, 1), (1, 2)), ((2, 3), (1, 1)), ((4, 4), (2, 2)), ((5, 5), (1, 1)), ((1, 5), (1, 1))),
    )
    for seed, (kernel, stride) in enumerate(kernels):
        for number, channels in enumerate((1, 3, 4, 6, 8, 21)):
            sides = _PADDINGS[(seed + number) % 4]
            padding = tuple(min(side, size - 1) for side, size in zip(sides, _sides(kernel), strict=True))
            shape = (5 + number, 11 - number, channels)
            yield depthwise(seed, shape, kernel, stride, padding, BITS[number % 3])  # type: ignore[arg-type]
    for seed in range(12):
        shape = (3 + seed % 5, 12 - seed, 4 + 4 * (seed % 3)) if seed < 8 else (4 + seed, 3 + seed % 4, 8)
        yield depthwise(seed, shape, (3, 3), (1, 1), _PADDINGS[seed % 4], BITS[seed % 3])
    yield depthwise(40, (6, 6, 6), (3, 3), (1, 1), (2, 2, 2, 2))
    yield depthwise(41, (6, 5, 12), (4, 4), (1, 1), (3, 3, 3, 3), 4)


def _sides(kernel: Pair) -> tuple[int, int, int, int]:
    return (kernel[0], kernel[0], kernel[1], kernel[1])


def fitted_graphs() -> list[Graph]:
    """For what is in no layer."""
    graphs = [integer_graph(seed, 20, widths) for seed, widths in enumerate(((3,), (8, 5), (5, 4, 12), (4, 9, 5, 2)))]
    graphs += [float_graph(seed, 20, widths) for seed, widths in enumerate(((3,), (8, 5), (5, 4, 12), (4, 9, 5, 2)))]
    return [*graphs, mixed_graph(1, 17), residual_graph(2, 12)]


def specification(frame: int, hop: int, mel_bands: int, f_min: float = 100.0, f_max: float = 7600.0) -> FrontendSpec:
    """A front end for 16 kHz."""
    frontend = FrontendSection(frame, hop, mel_bands, f_min, f_max)
    application = dataclasses.replace(load_application("scream"), audio=AudioSection(16000, 16000), frontend=frontend)
    return build_specification(application)


def fitted_frontends() -> list[FrontendSpec]:
    """Every radix and number of stages; bands in one run and in several."""
    shapes = ((128, 128, 8), (128, 50, 30), (256, 100, 20), (256, 256, 9), (512, 160, 40), (512, 512, 12))
    whole = [specification(*shape) for shape in (*shapes, (1024, 512, 64), (1024, 1000, 24), (128, 40, 44))]
    parts = [([0, 1, 5, 6], whole[1]), ([0, 2, 4, 10, 11], whole[2]), ([3, 20, 39], whole[4]), ([9, 10], whole[7])]
    return [*whole, *(select(spec, bands=bands) for bands, spec in parts)]


def random_operators(seed: int, rounds: int) -> list[Operator]:
    """Of every kind that many, up to the sizes of real layers."""
    rng, floats = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    operators: list[Operator] = []
    for number in range(rounds):
        bits = BITS[number % 3]
        operators.append(random_quantise(rng, int(rng.integers(1, 1000))))
        operators.append(random_dense(rng, int(rng.integers(1, 500)), int(rng.integers(1, 100)), "int8", bits))
        operators.append(random_dense(rng, int(rng.integers(1, 200)), int(rng.integers(1, 20)), "int16", bits))
        operators.append(wide_dense(number, int(rng.integers(530, 900)), int(rng.integers(1, 20))))
        shape = (int(rng.integers(1, 12)), int(rng.integers(1, 12)), int(rng.integers(1, 48)))
        outputs = int(rng.integers(1, 64))
        operators.append(conv(number, shape, outputs, (1, 1), (1, 1), (0, 0, 0, 0), bits))
        operators.append(conv(number, shape, outputs // 4 + 1, *_window(rng, shape), bits))
        operators.append(depthwise(number, shape, *_window(rng, shape), bits))
        fours = (shape[0] + 2, shape[1] + 2, 4 * -(-shape[2] // 4))
        operators.append(depthwise(number, fours, (3, 3), (1, 1), _PADDINGS[number % 4], bits))
        kernel = (int(rng.integers(1, shape[0] + 1)), int(rng.integers(1, shape[1] + 1)))
        operators += pools(shape, kernel, (int(rng.integers(1, 4)), int(rng.integers(1, 4))))
        operators.append(random_add(rng, shape))
        operators.append(random_to_float(rng, int(rng.integers(1, 1000))))
        operators.append(random_dense_float(rng, int(rng.integers(1, 300)), int(rng.integers(1, 40))))
        operators.append(random_conv2d_float(floats, (shape[0], shape[1], shape[2] // 4 + 1), outputs // 4 + 1))
    return operators


def _window(rng: np.random.Generator, shape: Shape) -> tuple[Pair, Pair, Padding]:
    """Kernel, stride and padding that fit."""
    kernel = (int(rng.integers(1, min(6, shape[0] + 2))), int(rng.integers(1, min(6, shape[1] + 2))))
    padding = tuple(int(rng.integers(0, side)) for side in _sides(kernel))
    short = (kernel[0] > shape[0] + sum(padding[:2]), kernel[1] > shape[1] + sum(padding[2:]))
    if any(short):
        return (1, 1), (2, 2), (0, 0, 0, 0)
    return kernel, (int(rng.integers(1, 4)), int(rng.integers(1, 4))), padding  # type: ignore[return-value]


def held_out_graphs() -> dict[str, Graph]:
    """Networks as they are used, and random ones with branches."""
    graphs = {
        "dense 992-128-20-2": integer_graph(101, 992, (128, 20, 2)),
        "dense 220-48-24-11": integer_graph(103, 220, (48, 24, 11)),
        "float 90-37-14-6": float_graph(104, 90, (37, 14, 6)),
        "float 992-24-12-2": float_graph(102, 992, (24, 12, 2)),
        "int8 and float": mixed_graph(105, 200),
    }
    graphs |= {f"DS-CNN, int{bits}": ds_cnn(1, bits) for bits in BITS}
    return graphs | {f"branches {seed}": residual_graph(seed, 40 + 7 * seed) for seed in (106, 107, 108)}


def held_out_frontends() -> dict[str, FrontendSpec]:
    """Every frame size, other bands; selections of bands and of frames."""
    wide = specification(512, 512, 32, 60.0)
    middle = specification(256, 200, 14, 300.0, 7000.0)
    return {
        "512 points, 32 bands": wide,
        "512 points, 7 bands of 32": select(wide, bands=[2, 3, 4, 12, 17, 18, 30]),
        "512 points, every second frame": select(wide, frames=range(0, 4, 2)),
        "256 points, 14 bands": middle,
        "256 points, 3 bands of 14": select(middle, bands=[1, 6, 7], frames=range(1, 4)),
        "1024 points, 33 bands": specification(1024, 700, 33, 50.0, 4000.0),
        "128 points, 12 bands": specification(128, 64, 12, 200.0),
        "128 points, 43 bands": specification(128, 100, 43),
    }
