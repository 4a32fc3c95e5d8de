"""The operators: every rule, one by one."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from graph_example import OPERATORS
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_host.errors import ModelFault
from proofboard_host.graph.operators import (
    Add,
    AveragePool2d,
    Conv2d,
    Dense,
    DenseFloat,
    DepthwiseConv2d,
    MaxPool2d,
    Quantise,
    Tensor,
    ToFloat,
    macs,
    stored_bytes,
)

INT8, INT16, FLOAT = Tensor((2,), "int8", 1.0), Tensor((2,), "int16", 1.0), Tensor((2,), "float32", 1.0)
IMAGE = Tensor((3, 2, 4), "int8", 1.0)
ROOM = (1 << 31) - 1


def filled(value: int, *shape: int) -> np.ndarray:
    return np.full(shape, value, np.int32)


QUANTISE = Quantise("q", 0, 1, 1, INT8)
TO_FLOAT = ToFloat("f", 0.5, FLOAT)
DENSE = Dense("d", np.ones((2, 3), np.int8), filled(0, 2), filled(1, 2), 8, INT8)
FLOAT_DENSE = DenseFloat("g", np.ones((2, 3), np.float32), np.zeros(2, np.float32), "none", FLOAT)
CONV = Conv2d(
    "c", np.ones((4, 3, 2, 5), np.int8), filled(0, 4), filled(1, 4), 8, (2, 1), (1, 1, 0, 1), 0, (5, 2, 5), IMAGE
)
DEPTHWISE = DepthwiseConv2d(
    "w", np.ones((3, 2, 4), np.int8), filled(0, 4), filled(1, 4), 8, (2, 1), (1, 1, 0, 1), 0, (5, 2, 4), IMAGE
)
AVERAGE = AveragePool2d("a", (2, 2), (1, 1), 0, 1, (4, 3, 4), IMAGE)
MAXIMUM = MaxPool2d("m", (2, 2), (1, 1), (4, 3, 4), IMAGE)
ADD = Add("s", 1, 1, 0, 1, IMAGE)

WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "offset": (QUANTISE, {"offset": 32768}, "offset 32768 is not in -32768..32767"),
    "multiplier": (QUANTISE, {"multiplier": 1 << 14}, "multiplier 16384"),
    "no multiplier": (QUANTISE, {"multiplier": 0}, "multiplier 0"),
    "shift": (QUANTISE, {"shift": 31}, "shift 31"),
    "no shift": (QUANTISE, {"shift": 0}, "shift 0"),
    "half a shift": (QUANTISE, {"shift": 1.5}, r"shift 1\.5 is not a whole number"),
    "quantise to int16": (QUANTISE, {"output": INT16}, "output is int16, not int8"),
    "scale": (TO_FLOAT, {"scale": 0.3}, "not a power of two"),
    "whole scale": (TO_FLOAT, {"scale": 1}, "scale 1 is not"),
    "NaN": (TO_FLOAT, {"scale": float("nan")}, "not a power of two"),
    "tiny scale": (TO_FLOAT, {"scale": 2.0**-130}, "normal range"),
    "to int8": (TO_FLOAT, {"output": INT8}, "output is int8, not float32"),
    "flat weights": (DENSE, {"weights": np.ones(6, np.int8)}, "1 dimensions, not 2"),
    "no weights": (DENSE, {"weights": np.ones((2, 0), np.int8)}, r"\(2, 0\), not 2 × n"),
    "weights are a list": (DENSE, {"weights": [[1, 1, 1], [1, 1, 1]]}, "no array"),
    "wide weights": (DENSE, {"weights": np.ones((2, 3), np.int16)}, "weights are int16, not int8"),
    "wide bias": (DENSE, {"bias": np.zeros(2, np.int64)}, "biases are int64, not int32"),
    "outputs": (DENSE, {"weights": np.ones((3, 3), np.int8)}, r"\(3, 3\), not 2 × n"),
    "biases": (DENSE, {"bias": filled(0, 3)}, r"biases have the shape \(3,\), not 2"),
    "multipliers": (DENSE, {"multiplier": filled(1, 3)}, r"multipliers have the shape \(3,\), not 2"),
    "low multiplier": (DENSE, {"multiplier": filled(0, 2)}, "a multiplier is not in 1"),
    "negative multiplier": (DENSE, {"multiplier": filled(-5, 2)}, "a multiplier is not in 1"),
    "wide multiplier": (DENSE, {"multiplier": np.ones(2, np.int64)}, "multipliers are int64"),
    "float output": (DENSE, {"output": FLOAT}, "output is float32"),
    "three bits": (DENSE, {"bits": 3}, "bits 3 is not one of 8, 4, 2"),
    "bits with a point": (DENSE, {"bits": 8.0}, r"bits 8\.0"),
    "weight of -128": (DENSE, {"weights": np.full((2, 3), -128, np.int8)}, "leave -127..127"),
    "weight over 4 bits": (DENSE, {"weights": np.full((2, 3), 8, np.int8), "bits": 4}, "leave -8..7"),
    "weight over 2 bits": (DENSE, {"weights": np.full((2, 3), 2, np.int8), "bits": 2}, r"leave -2\.\.1"),
    "overflow": (DENSE, {"bias": filled(ROOM - 3 * 127 + 1, 2)}, "the accumulator can reach"),
    "least bias": (DENSE, {"bias": filled(-(1 << 31), 2)}, "the accumulator can reach"),
    "NaN weight": (FLOAT_DENSE, {"weights": np.full((2, 3), np.nan, np.float32)}, "not finite"),
    "infinite bias": (FLOAT_DENSE, {"bias": np.full(2, np.inf, np.float32)}, "not finite"),
    "double weights": (FLOAT_DENSE, {"weights": np.ones((2, 3))}, "weights are float64"),
    "activation": (FLOAT_DENSE, {"activation": "tanh"}, "activation 'tanh'"),
    "integer output": (FLOAT_DENSE, {"output": INT16}, "output is int16, not float32"),
    "convolution to a vector": (CONV, {"output": Tensor((24,), "int8", 1.0)}, "not height, width, channels"),
    "convolution to int16": (CONV, {"output": dataclasses.replace(IMAGE, dtype="int16")}, "output is int16"),
    "kernels": (CONV, {"weights": np.ones((5, 3, 2, 5), np.int8)}, "not 4 × n × n × n"),
    "input channels": (CONV, {"input_shape": (5, 2, 4)}, r"input \(5, 2, 4\)"),
    "input height": (CONV, {"input_shape": (9, 2, 5)}, r"but the window gives \(5, 2, 4\)"),
    "input is no image": (CONV, {"input_shape": (50,)}, "is not 3 whole numbers"),
    "input is a list": (CONV, {"input_shape": [5, 2, 5]}, "is not 3 whole numbers"),
    "no stride": (CONV, {"stride": (0, 1)}, "stride 0 is not in"),
    "stride with a point": (CONV, {"stride": (2, 1.0)}, "is not 2 whole numbers"),
    "padding without end": (CONV, {"padding": (3, 1, 0, 1)}, "is not less than the kernel"),
    "padding of two": (CONV, {"padding": (1, 1)}, "is not 4 whole numbers"),
    "negative padding": (CONV, {"padding": (-1, 1, 0, 1)}, "padding -1 is not in"),
    "pad value": (CONV, {"pad_value": -128}, "pad value -128 is not in -127..127"),
    "overflow in a kernel": (CONV, {"bias": filled(ROOM - 30 * 127 + 1, 4)}, "the accumulator can reach"),
    "window too large": (
        CONV,
        {"weights": np.ones((4, 8, 2, 5), np.int8), "padding": (1, 1, 0, 1)},
        "is larger than the input",
    ),
    "depthwise channels": (DEPTHWISE, {"input_shape": (5, 2, 5)}, r"input \(5, 2, 5\)"),
    "depthwise weights": (DEPTHWISE, {"weights": np.ones((3, 2, 5), np.int8)}, "not n × n × 4"),
    "depthwise overflow": (DEPTHWISE, {"bias": filled(ROOM - 6 * 127 + 1, 4)}, "the accumulator can reach"),
    "pool of nothing": (AVERAGE, {"kernel": (0, 2)}, "kernel 0"),
    "pool of other channels": (AVERAGE, {"input_shape": (4, 3, 5)}, r"but the window gives \(3, 2, 5\)"),
    "pool bias": (AVERAGE, {"bias": ROOM - 4 * 127 + 1}, "the accumulator can reach"),
    "pool bias over int32": (AVERAGE, {"bias": 1 << 31}, "bias 2147483648 is not in"),
    "pool multiplier": (AVERAGE, {"multiplier": 1 << 31}, "multiplier 2147483648"),
    "pool to int16": (MAXIMUM, {"output": dataclasses.replace(IMAGE, dtype="int16")}, "output is int16"),
    "pool larger than its input": (MAXIMUM, {"kernel": (5, 2)}, "is larger than the input"),
    "factor": (ADD, {"first": 32768}, "first factor 32768"),
    "other factor": (ADD, {"second": -32769}, "second factor -32769"),
    "sum's shift": (ADD, {"shift": 31}, "shift 31"),
    "sum overflow": (ADD, {"bias": ROOM - 2 * 127 + 1}, "the accumulator can reach"),
    "sum to int16": (ADD, {"output": INT16}, "output is int16"),
    "no size": (INT8, {"shape": (0,)}, r"shape \(0,\)"),
    "size with a point": (INT8, {"shape": (2.0,)}, r"shape \(2\.0,\)"),
    "shape of two": (INT8, {"shape": (2, 3)}, r"shape \(2, 3\)"),
    "shape is a number": (INT8, {"shape": 2}, "shape 2"),
    "type": (INT8, {"dtype": "int4"}, "type 'int4'"),
    "zero scale": (INT8, {"scale": 0.0}, r"scale 0\.0"),
    "NaN scale": (INT8, {"scale": float("nan")}, "scale nan"),
    "zero point with a point": (INT8, {"zero_point": 0.5}, r"zero point 0\.5"),
}


@pytest.mark.parametrize(("good", "change", "seen"), WRONG.values(), ids=WRONG.keys())
def test_operator_refuses(good: Any, change: dict[str, Any], seen: str) -> None:
    with pytest.raises(ModelFault, match=seen):
        dataclasses.replace(good, **change)


def test_operator_takes_the_largest_bias() -> None:
    for operator, products in ((DENSE, 3), (CONV, 30), (DEPTHWISE, 6)):
        room = filled(ROOM - 127 * products, len(operator.bias))
        for bias in (room, -room):
            assert dataclasses.replace(operator, bias=bias).bias is bias


def test_fault_names_the_layer() -> None:
    with pytest.raises(ModelFault) as caught:
        dataclasses.replace(CONV, stride=(0, 1))
    assert "layer c" in str(caught.value)


def test_macs() -> None:
    assert macs(DENSE) == macs(FLOAT_DENSE) == 6
    assert macs(CONV) == 4 * 3 * 2 * 5 * 6
    assert macs(DEPTHWISE) == 3 * 2 * 4 * 6
    assert [macs(operator) for operator in (QUANTISE, TO_FLOAT, AVERAGE, MAXIMUM, ADD)] == [0] * 5


def test_stored_bytes() -> None:
    """Weights at their width, rounded up to a byte; 4 bytes of bias and of multiplier an output."""
    for bits, weights in ((8, 6), (4, 3), (2, 2)):
        assert stored_bytes(dataclasses.replace(DENSE, bits=bits)) == weights + 2 * 8
    assert stored_bytes(CONV) == 4 * 30 + 4 * 8
    assert stored_bytes(FLOAT_DENSE) == 4 * 6 + 4 * 2


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(OPERATORS)), st.integers(0, 1 << 32))
def test_random_operator_survives_its_own_checks(kind: str, seed: int) -> None:
    operator = OPERATORS[kind](np.random.default_rng(seed))
    assert dataclasses.replace(operator) is not operator
