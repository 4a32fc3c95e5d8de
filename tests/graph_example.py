"""Random operators and graphs, extremes included."""

from __future__ import annotations

import numpy as np
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import Dense, DenseFloat, DType, Operator, Quantise, Tensor, ToFloat

EXTREME_MULTIPLIERS = (1 << 30, (1 << 30) + 1, (1 << 31) - 1)
EXTREME_WEIGHTS = (-128, -127, -1, 0, 1, 127)


def random_quantise(rng: np.random.Generator, size: int) -> Quantise:
    offset = int(rng.choice([-32768, 0, 32767, rng.integers(-32768, 32768)]))
    multiplier = int(rng.choice([1, 16383, rng.integers(1, 16384)]))
    return Quantise("quantise", offset, multiplier, int(rng.integers(1, 31)), Tensor(size, "int8", 0.5))


def random_dense(rng: np.random.Generator, inputs: int, outputs: int, dtype: DType) -> Dense:
    """Weights of the whole range or only extremes; a bias as large as the accumulator leaves room for."""
    shape = (outputs, inputs)
    weights = rng.integers(-128, 128, shape) if rng.random() < 0.5 else rng.choice(EXTREME_WEIGHTS, shape)
    room = (1 << 31) - 1 - 128 * np.abs(weights).sum(axis=1)
    bias = np.round(room * rng.choice([-1.0, 1.0, 0.001, 0.0], outputs)).astype(np.int64)
    multiplier = np.where(
        rng.random(outputs) < 0.5, rng.choice(EXTREME_MULTIPLIERS, outputs), rng.integers(1 << 30, 1 << 31, outputs)
    )
    bound = 127 if dtype == "int8" else 32767
    zero_point = int(rng.integers(-bound - 1, bound + 1))
    low = int(rng.choice([-bound - 1, zero_point]))
    return Dense(
        "dense",
        weights.astype(np.int8),
        bias.astype(np.int32),
        multiplier.astype(np.int32),
        rng.integers(0, 32, outputs).astype(np.uint8),
        low,
        int(rng.integers(low, bound + 1)) if rng.random() < 0.5 else bound,
        Tensor(outputs, dtype, 0.25, zero_point),
    )


def random_to_float(rng: np.random.Generator, size: int) -> ToFloat:
    return ToFloat("input", 2.0 ** int(rng.integers(-20, 3)), Tensor(size, "float32", 1.0))


def random_dense_float(rng: np.random.Generator, inputs: int, outputs: int) -> DenseFloat:
    """Magnitudes from subnormal to large, so that every rounding of float32 matters."""
    weights = rng.standard_normal((outputs, inputs)) * 10.0 ** rng.integers(-3, 3, (outputs, inputs))
    weights *= rng.choice([1.0, 1e-30, -0.0], (outputs, inputs), p=[0.8, 0.1, 0.1])
    activation = "relu" if rng.random() < 0.5 else "none"
    bias = rng.standard_normal(outputs).astype(np.float32)
    return DenseFloat("float", weights.astype(np.float32), bias, activation, Tensor(outputs, "float32", 1.0))


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
    """Every operator once or more: int8 layers, back to int8 from int16, then float."""
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


def random_input(rng: np.random.Generator, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Values of the whole range, or nothing but its ends."""
    if dtype == "float32":
        return (rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 6, shape)).astype(np.float32)
    info = np.iinfo(dtype)
    if rng.random() < 0.5:
        return rng.choice(np.array([info.min, info.max, 0, -1], dtype), shape)
    return rng.integers(info.min, info.max + 1, shape).astype(dtype)


def _graph(name: str, features: int, operators: list[Operator]) -> Graph:
    classes = tuple(f"class{index}" for index in range(operators[-1].output.size))
    return Graph(name, classes, Tensor(features, "int16", 1 / 256), tuple(operators))
