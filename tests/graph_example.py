"""Random operators and graphs, extremes included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import (
    Add,
    AveragePool2d,
    Conv2d,
    Conv2dFloat,
    Dense,
    DenseFloat,
    DepthwiseConv2d,
    DType,
    MaxPool2d,
    Operator,
    Quantise,
    Tensor,
    ToFloat,
    window_shape,
)

MAX_MULTIPLIER = (1 << 31) - 1
RANGES = {8: (-127, 127), 4: (-8, 7), 2: (-2, 1)}
SMALL_CHANNELS = (1, 2, 3, 4, 5, 7, 8, 12, 16)

Shape = tuple[int, int, int]


def random_quantise(rng: np.random.Generator, size: int, shape: tuple[int, ...] | None = None) -> Quantise:
    """Of a wide or a fitting range, or anything at all."""
    if rng.random() < 0.6:
        offset, multiplier, shift = int(rng.integers(-6000, 6000)), int(rng.integers(1 << 13, 1 << 14)), 20
    else:
        offset = int(rng.choice([-32768, 0, 32767, rng.integers(-32768, 32768)]))
        multiplier = int(rng.choice([1, 16383, rng.integers(1, 16384)]))
        shift = int(rng.integers(1, 31))
    return Quantise("quantise", offset, multiplier, shift, Tensor(shape or (size,), "int8", 0.5))


def random_weights(rng: np.random.Generator, shape: tuple[int, ...], bits: int) -> NDArray[np.int8]:
    """Of the whole range, only extremes, all alike, or small."""
    low, high = RANGES[bits]
    kind = rng.random()
    if kind < 0.5:
        weights = rng.integers(low, high + 1, shape)
    elif kind < 0.7:
        weights = rng.choice([low, high, 0, -1, 1], shape)
    elif kind < 0.85:
        weights = np.full(shape, rng.choice([low, high]))
    else:
        weights = np.clip(rng.integers(-2, 3, shape), low, high)
    return weights.astype(np.int8)


def random_constants(
    rng: np.random.Generator, rows: NDArray[np.int8], peak: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Bias and multiplier of each row [outputs, products]: outputs that mostly stay below `peak`, or extremes: a bias
    as large as the accumulator leaves room for, multipliers at both ends."""
    outputs = len(rows)
    wide = rows.astype(np.int64)
    room = (1 << 31) - 1 - 127 * np.abs(wide).sum(axis=1)
    spread = 74.0 * np.sqrt(np.square(wide).sum(axis=1)) + 1
    fitting = rng.random(outputs) < 0.75
    far = np.round(room * rng.choice([-1.0, 1.0, 0.001, 0.0], outputs))
    bias = np.where(fitting, np.round(rng.normal(0, 0.5, outputs) * spread), far)
    ends = rng.choice([1, 2, 1 << 30, MAX_MULTIPLIER - 1, MAX_MULTIPLIER], outputs)
    near = 2.0**32 * peak * rng.uniform(0.3, 1.2, outputs) / spread
    multiplier = np.clip(np.where(fitting, near, ends), 1, MAX_MULTIPLIER)
    return np.clip(bias, -room, room).astype(np.int32), multiplier.astype(np.int64).astype(np.int32)


def random_dense(rng: np.random.Generator, inputs: int, outputs: int, dtype: DType, bits: int = 8) -> Dense:
    weights = random_weights(rng, (outputs, inputs), bits)
    bias, multiplier = random_constants(rng, weights, 60 if dtype == "int8" else 16000)
    return Dense("dense", weights, bias, multiplier, bits, Tensor((outputs,), dtype, 0.25))


def random_shape(rng: np.random.Generator, channels: int | None = None) -> Shape:
    """Height, width, channels of an image; often with channels that fill words."""
    return int(rng.integers(1, 10)), int(rng.integers(1, 10)), channels or int(rng.choice(SMALL_CHANNELS))


def random_window(
    rng: np.random.Generator, shape: Shape
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Kernel, stride and padding that fit an image of that shape: one by one, as in MobileNet, or anything."""
    kind = rng.random()
    if kind < 0.25:
        return (1, 1), (1, 1), (0, 0, 0, 0)
    if kind < 0.5:
        stride = int(rng.integers(1, 3))
        return (3, 3), (stride, stride), (1, 1, 1, 1)
    kernel = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    padding = tuple(int(rng.integers(0, size)) for size in (kernel[0], kernel[0], kernel[1], kernel[1]))
    fitting = (min(kernel[0], shape[0] + sum(padding[:2])), min(kernel[1], shape[1] + sum(padding[2:])))
    limit = (fitting[0], fitting[0], fitting[1], fitting[1])
    if any(side >= bound for side, bound in zip(padding, limit, strict=True)):
        padding = (0, 0, 0, 0)
        fitting = (min(kernel[0], shape[0]), min(kernel[1], shape[1]))
    stride = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return fitting, stride, padding  # type: ignore[return-value]


def random_conv2d(rng: np.random.Generator, shape: Shape, outputs: int, bits: int = 8) -> Conv2d:
    kernel, stride, padding = random_window(rng, shape)
    weights = random_weights(rng, (outputs, *kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(outputs, -1), 60)
    output = Tensor((*window_shape(shape, kernel, stride, padding), outputs), "int8", 0.25)
    return Conv2d("conv", weights, bias, multiplier, bits, stride, padding, pad_value(rng), shape, output)


def random_depthwise_conv2d(rng: np.random.Generator, shape: Shape, bits: int = 8) -> DepthwiseConv2d:
    kernel, stride, padding = random_window(rng, shape)
    weights = random_weights(rng, (*kernel, shape[2]), bits)
    bias, multiplier = random_constants(rng, weights.reshape(-1, shape[2]).T, 60)
    output = Tensor((*window_shape(shape, kernel, stride, padding), shape[2]), "int8", 0.25)
    return DepthwiseConv2d("depthwise", weights, bias, multiplier, bits, stride, padding, pad_value(rng), shape, output)


def pad_value(rng: np.random.Generator) -> int:
    return int(rng.choice([-127, 0, 127, rng.integers(-127, 128)]))


def random_pool_window(rng: np.random.Generator, shape: Shape) -> tuple[tuple[int, int], tuple[int, int]]:
    """Kernel and stride; often the whole image."""
    kernel = (
        shape[:2] if rng.random() < 0.3 else (int(rng.integers(1, shape[0] + 1)), int(rng.integers(1, shape[1] + 1)))
    )
    return kernel, (int(rng.integers(1, 4)), int(rng.integers(1, 4)))


def random_average_pool2d(rng: np.random.Generator, shape: Shape) -> AveragePool2d:
    kernel, stride = random_pool_window(rng, shape)
    elements = kernel[0] * kernel[1]
    output = Tensor((*window_shape(shape, kernel, stride), shape[2]), "int8", 0.25)
    if rng.random() < 0.7:
        bias, multiplier = int(rng.integers(-60, 61)) * elements, (1 << 32) // (elements + 1)
    else:
        room = (1 << 31) - 1 - 127 * elements
        bias, multiplier = int(rng.choice([-room, room, 0])), int(rng.choice([1, MAX_MULTIPLIER]))
    return AveragePool2d("average", kernel, stride, bias, min(multiplier, MAX_MULTIPLIER), shape, output)


def random_max_pool2d(rng: np.random.Generator, shape: Shape, source: Tensor | None = None) -> MaxPool2d:
    kernel, stride = random_pool_window(rng, shape)
    scale, zero_point = (source.scale, source.zero_point) if source else (0.25, 0)
    output = Tensor((*window_shape(shape, kernel, stride), shape[2]), "int8", scale, zero_point)
    return MaxPool2d("max", kernel, stride, shape, output)


def random_add(rng: np.random.Generator, shape: tuple[int, ...]) -> Add:
    output = Tensor(shape, "int8", 0.25)
    if rng.random() < 0.7:
        first, second, shift = int(rng.integers(-9000, 9001)), int(rng.integers(-9000, 9001)), 14
        bias = (1 << 13) + int(rng.integers(-30, 31)) * (1 << 14)
    else:
        first, second = (int(rng.choice([-32768, 32767, 0, 1])) for _ in range(2))
        room = (1 << 31) - 1 - 127 * (abs(first) + abs(second))
        bias, shift = int(rng.choice([-room, room, 0])), int(rng.integers(0, 31))
    return Add("add", first, second, bias, shift, output)


def random_to_float(rng: np.random.Generator, size: int) -> ToFloat:
    return ToFloat("input", 2.0 ** int(rng.integers(-20, 3)), Tensor((size,), "float32", 1.0))


def random_dense_float(rng: np.random.Generator, inputs: int, outputs: int) -> DenseFloat:
    """Magnitudes from subnormal to large, so that every rounding of float32 matters."""
    weights = rng.standard_normal((outputs, inputs)) * 10.0 ** rng.integers(-3, 3, (outputs, inputs))
    weights *= rng.choice([1.0, 1e-30, -0.0], (outputs, inputs), p=[0.8, 0.1, 0.1])
    activation = "relu" if rng.random() < 0.5 else "none"
    bias = rng.standard_normal(outputs).astype(np.float32)
    return DenseFloat("float", weights.astype(np.float32), bias, activation, Tensor((outputs,), "float32", 1.0))


def random_conv2d_float(rng: np.random.Generator, shape: Shape, outputs: int) -> Conv2dFloat:
    """Over all channels, or each for itself."""
    kernel, stride, padding = random_window(rng, shape)
    reads, outputs = (shape[2], outputs) if rng.random() < 0.5 else (1, shape[2])
    weights = rng.standard_normal((outputs, *kernel, reads)) * 10.0 ** rng.integers(-3, 3, (outputs, *kernel, reads))
    bias = rng.standard_normal(outputs).astype(np.float32)
    activation = "relu" if rng.random() < 0.5 else "none"
    pad = float(np.float32(rng.choice([0.0, rng.normal(0, 9)])))
    output = Tensor((*window_shape(shape, kernel, stride, padding), outputs), "float32", 1.0)
    return Conv2dFloat("float", weights.astype(np.float32), bias, stride, padding, pad, activation, shape, output)


def bits_of(rng: np.random.Generator) -> int:
    return int(rng.choice([8, 4, 2], p=[0.5, 0.3, 0.2]))


def _dense_like(rng: np.random.Generator, dtype: DType) -> Dense:
    """Mostly small; sometimes wide, where a kernel's unrolled loop runs and its tail follows."""
    inputs = int(rng.integers(1, 70)) if rng.random() < 0.85 else int(rng.integers(500, 900))
    outputs = int(rng.integers(1, 13)) if inputs < 100 else int(rng.integers(1, 4))
    return random_dense(rng, inputs, outputs, dtype, bits_of(rng))


def _conv2d_like(rng: np.random.Generator) -> Conv2d:
    """Mostly small; sometimes with many channels or long sums on few pixels."""
    if rng.random() < 0.85:
        return random_conv2d(rng, random_shape(rng), int(rng.choice(SMALL_CHANNELS)), bits_of(rng))
    shape = (int(rng.integers(1, 4)), int(rng.integers(1, 4)), int(rng.integers(17, 141)))
    return random_conv2d(rng, shape, int(rng.integers(1, 6)), bits_of(rng))


OPERATORS: Mapping[str, Callable[[np.random.Generator], Operator]] = MappingProxyType(
    {
        "quantise": lambda rng: random_quantise(rng, int(rng.integers(1, 70))),
        "dense": lambda rng: _dense_like(rng, "int8"),
        "dense int16": lambda rng: _dense_like(rng, "int16"),
        "conv2d": _conv2d_like,
        "depthwise": lambda rng: random_depthwise_conv2d(rng, random_shape(rng), bits_of(rng)),
        "average pool": lambda rng: random_average_pool2d(rng, random_shape(rng)),
        "max pool": lambda rng: random_max_pool2d(rng, random_shape(rng)),
        "add": lambda rng: random_add(rng, random_shape(rng)),
        "to float": lambda rng: random_to_float(rng, int(rng.integers(1, 70))),
        "conv2d float": lambda rng: random_conv2d_float(rng, random_shape(rng), int(rng.choice(SMALL_CHANNELS))),
        "dense float": lambda rng: random_dense_float(rng, int(rng.integers(1, 40)), int(rng.integers(1, 12))),
    }
)
"""One random operator of each kind."""


def integer_graph(seed: int, features: int, widths: tuple[int, ...] = (7, 5, 3), name: str = "random") -> Graph:
    """Quantise, then fully connected layers; the last one gives int16."""
    rng = np.random.default_rng(seed)
    operators: list[Operator] = [random_quantise(rng, features)]
    inputs = features
    for index, outputs in enumerate(widths):
        operators.append(random_dense(rng, inputs, outputs, "int16" if index + 1 == len(widths) else "int8"))
        inputs = outputs
    return _graph(name, features, operators)


def float_graph(seed: int, features: int, widths: tuple[int, ...] = (7, 5, 3)) -> Graph:
    rng = np.random.default_rng(seed)
    operators: list[Operator] = [random_to_float(rng, features)]
    inputs = features
    for outputs in widths:
        operators.append(random_dense_float(rng, inputs, outputs))
        inputs = outputs
    return _graph("random float", features, operators)


def mixed_graph(seed: int, features: int) -> Graph:
    """int8 layers, back to int8 from int16, then float."""
    rng = np.random.default_rng(seed)
    return _graph(
        "mixed",
        features,
        [
            random_quantise(rng, features),
            random_dense(rng, features, 9, "int8"),
            random_dense(rng, 9, 6, "int16"),
            random_quantise(rng, 6),
            random_dense(rng, 6, 8, "int16"),
            random_to_float(rng, 8),
            random_dense_float(rng, 8, 4),
        ],
    )


def residual_graph(seed: int, features: int) -> Graph:
    """Every integer operator, over features as one column: convolutions with a way around them, pools, logits."""
    rng = np.random.default_rng(seed)
    shape = (features, 1, 1)
    bits = bits_of(rng)
    start = random_quantise(rng, features, shape)
    conv = _same_conv2d(rng, shape, 6, bits)
    depthwise = random_depthwise_conv2d(rng, conv.output.shape, bits)  # type: ignore[arg-type]
    around = _same_conv2d(rng, conv.output.shape, 6, bits)
    add = random_add(rng, conv.output.shape)
    largest = random_max_pool2d(rng, add.output.shape, add.output)  # type: ignore[arg-type]
    mean = random_average_pool2d(rng, largest.output.shape)  # type: ignore[arg-type]
    hidden = random_dense(rng, mean.output.size, 6, "int8", bits)
    side = random_dense(rng, depthwise.output.size, 6, "int8", bits)
    both = random_add(rng, (6,))
    logits = random_dense(rng, 6, 3, "int16", bits)
    operators = [start, conv, depthwise, around, add, largest, mean, hidden, side, both, logits]
    sources = ((0,), (1,), (2,), (2,), (2, 4), (5,), (6,), (7,), (3,), (8, 9), (10,))
    return _graph("residual", features, operators, sources)


def _same_conv2d(rng: np.random.Generator, shape: tuple[int, ...], outputs: int, bits: int) -> Conv2d:
    """3 × 1 with padding: the output is as high and wide as the input."""
    height, width, channels = shape
    weights = random_weights(rng, (outputs, 3, 1, channels), bits)
    bias, multiplier = random_constants(rng, weights.reshape(outputs, -1), 60)
    output = Tensor((height, width, outputs), "int8", 0.25)
    shape = (height, width, channels)
    return Conv2d("same", weights, bias, multiplier, bits, (1, 1), (1, 1, 0, 0), pad_value(rng), shape, output)


def random_input(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of the whole range, or nothing but its ends; int8 never holds −128."""
    if dtype == "float32":
        return (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 6, shape)).astype(np.float32)
    high = np.iinfo(dtype).max
    low = -high if dtype == "int8" else -high - 1
    kind = rng.random()
    if kind < 0.2:
        return np.full(shape, rng.choice([low, high])).astype(dtype)
    if kind < 0.4:
        return rng.choice([low, high, 0, -1], shape).astype(dtype)
    return rng.integers(low, high + 1, shape).astype(dtype)


def input_tensors(operator: Operator) -> tuple[tuple[DType, int], ...]:
    """Type and number of elements of each source the operator reads."""
    match operator:
        case Quantise() | ToFloat():
            return (("int16", operator.output.size),)
        case Dense():
            return (("int8", operator.weights.shape[1]),)
        case DenseFloat():
            return (("float32", operator.weights.shape[1]),)
        case Conv2dFloat():
            return (("float32", int(np.prod(operator.input_shape))),)
        case Add():
            return (("int8", operator.output.size),) * 2
        case Conv2d() | DepthwiseConv2d() | AveragePool2d() | MaxPool2d():
            height, width, channels = operator.input_shape
            return (("int8", height * width * channels),)


def _graph(name: str, features: int, operators: Sequence[Operator], sources: tuple[tuple[int, ...], ...] = ()) -> Graph:
    classes = tuple(f"class{index}" for index in range(operators[-1].output.size))
    return Graph(name, classes, Tensor((features,), "int16", 1 / 256), tuple(operators), sources)
