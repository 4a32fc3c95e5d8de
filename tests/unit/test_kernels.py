"""The firmware's operators, compiled for this machine, against the integer reference: bit by bit."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from collections.abc import Callable, Sequence
from functools import singledispatch
from pathlib import Path

import numpy as np
import pytest
from graph_example import random_dense, random_dense_float, random_input, random_quantise, random_to_float
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.build import firmware_folder
from proofboard_host.graph import reference
from proofboard_host.graph.operators import Dense, DenseFloat, Operator, Quantise, Tensor, ToFloat

Library = ctypes.CDLL
KERNELS = ("quantise", "dense_s8", "dense_s8_s16", "to_float", "dense_f32", "relu_f32", "argmax_s32", "argmax_f32")
ARM = ["-mcpu=cortex-m33", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-ffreestanding"]


def kernel_sources() -> list[Path]:
    return [firmware_folder() / "src" / f"{name}.c" for name in KERNELS]


class QuantiseStruct(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint16),
        ("offset", ctypes.c_int16),
        ("multiplier", ctypes.c_int16),
        ("shift", ctypes.c_uint8),
    )


class DenseStruct(ctypes.Structure):
    _fields_ = (
        ("inputs", ctypes.c_uint16),
        ("outputs", ctypes.c_uint16),
        *((name, ctypes.c_void_p) for name in ("weights", "bias", "multiplier", "shift")),
        *((name, ctypes.c_int32) for name in ("zero_point", "low", "high")),
    )


class DenseFloatStruct(ctypes.Structure):
    _fields_ = (
        ("inputs", ctypes.c_uint16),
        ("outputs", ctypes.c_uint16),
        ("weights", ctypes.c_void_p),
        ("bias", ctypes.c_void_p),
    )


@pytest.fixture(scope="session")
def kernels(compile_c: Callable[[str, Sequence[Path], Sequence[str]], Path]) -> Library:
    return ctypes.CDLL(str(compile_c("kernels.so", kernel_sources(), ["-O2", "-shared", "-fPIC"])))


@singledispatch
def call(operator: Operator, kernels: Library, source: np.ndarray, target: np.ndarray) -> None:
    raise TypeError(type(operator))


@call.register
def _(operator: Quantise, kernels: Library, source: np.ndarray, target: np.ndarray) -> None:
    layer = QuantiseStruct(operator.output.size, operator.offset, operator.multiplier, operator.shift)
    kernels.pb_quantise_run(ctypes.byref(layer), address(source), address(target))


@call.register
def _(operator: Dense, kernels: Library, source: np.ndarray, target: np.ndarray) -> None:
    outputs, inputs = operator.weights.shape
    arrays = (operator.weights, operator.bias, operator.multiplier, operator.shift)
    numbers = (operator.output.zero_point, operator.low, operator.high)
    layer = DenseStruct(inputs, outputs, *map(address, arrays), *numbers)
    function = kernels.pb_dense_s8_run if operator.output.dtype == "int8" else kernels.pb_dense_s8_s16_run
    function(ctypes.byref(layer), address(source), address(target))


@call.register
def _(operator: ToFloat, kernels: Library, source: np.ndarray, target: np.ndarray) -> None:
    scale, size = ctypes.c_float(operator.scale), ctypes.c_uint32(operator.output.size)
    kernels.pb_to_float_run(scale, size, address(source), address(target))


@call.register
def _(operator: DenseFloat, kernels: Library, source: np.ndarray, target: np.ndarray) -> None:
    outputs, inputs = operator.weights.shape
    layer = DenseFloatStruct(inputs, outputs, address(operator.weights), address(operator.bias))
    kernels.pb_dense_f32_run(ctypes.byref(layer), address(source), address(target))
    if operator.activation == "relu":
        kernels.pb_relu_f32_run(address(target), ctypes.c_uint32(outputs))


def address(values: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


def make_case(seed: int, kind: int, inputs: int, outputs: int) -> tuple[Operator, np.ndarray]:
    """An operator and one input; `kind` is the driver's number for the operator."""
    rng = np.random.default_rng(seed)
    if kind == 0:
        return random_quantise(rng, inputs), random_input(rng, "int16", (inputs,))
    if kind in (1, 2):
        operator = random_dense(rng, inputs, outputs, "int8" if kind == 1 else "int16")
        return operator, random_input(rng, "int8", (inputs,))
    if kind == 3:
        return random_to_float(rng, inputs), random_input(rng, "int16", (inputs,))
    return random_dense_float(rng, inputs, outputs), random_input(rng, "float32", (inputs,))


def expected_bytes(operator: Operator, source: np.ndarray) -> bytes:
    return reference.apply(operator, source[None]).tobytes()


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 1 << 32), st.integers(0, 4), st.integers(1, 70), st.integers(1, 12))
def test_kernel_is_the_reference(kernels: Library, seed: int, kind: int, inputs: int, outputs: int) -> None:
    operator, source = make_case(seed, kind, inputs, outputs)
    target = np.zeros(operator.output.size, operator.output.dtype)
    call(operator, kernels, source, target)
    assert target.tobytes() == expected_bytes(operator, source)


@pytest.mark.parametrize("multiplier", [1 << 30, (1 << 31) - 1])
@pytest.mark.parametrize("weight", [-128, 127])
@pytest.mark.parametrize("value", [-128, 127])
def test_dense_at_every_shift_and_extreme(kernels: Library, value: int, weight: int, multiplier: int) -> None:
    shifts = np.arange(32, dtype=np.uint8)
    rng = np.random.default_rng(0)
    template = random_dense(rng, 1, 32, "int16")
    operator = Dense(
        "dense",
        np.full((32, 400), weight, np.int8),
        np.tile(np.array([2_140_000_000, -2_140_000_000], np.int32), 16),
        np.full(32, multiplier, np.int32),
        shifts,
        -32768,
        32767,
        template.output,
    )
    source = np.full(400, value, np.int8)
    target = np.zeros(32, np.int16)
    call(operator, kernels, source, target)
    assert target.tobytes() == expected_bytes(operator, source)


@pytest.mark.parametrize("odd", [-3, -1, 1, 3])
def test_exact_halves_go_up_at_every_shift(kernels: Library, odd: int) -> None:
    """With a multiplier of 2^30 the factor is 2^-(1 + shift), so odd × 2^shift lies between two whole numbers."""
    outputs = 30
    shifts = np.arange(outputs, dtype=np.uint8)
    operator = Dense(
        "dense",
        np.zeros((outputs, 1), np.int8),
        (odd << shifts.astype(np.int64)).astype(np.int32),
        np.full(outputs, 1 << 30, np.int32),
        shifts,
        -32768,
        32767,
        Tensor(outputs, "int16", 1.0),
    )
    source, target = np.zeros(1, np.int8), np.zeros(outputs, np.int16)
    call(operator, kernels, source, target)
    assert set(target.tolist()) == {(odd + 1) // 2}
    assert target.tobytes() == expected_bytes(operator, source)


@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1, max_size=16))
def test_argmax_takes_the_first_largest(kernels: Library, logits: list[int]) -> None:
    words = np.array(logits, np.int32)
    kernels.pb_argmax_s32.restype = ctypes.c_uint32
    assert kernels.pb_argmax_s32(address(words), ctypes.c_uint32(len(words))) == int(np.argmax(words))


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=16))
def test_float_argmax_takes_the_first_largest(kernels: Library, logits: list[float]) -> None:
    values = np.array(logits, np.float32)
    kernels.pb_argmax_f32.restype = ctypes.c_uint32
    assert kernels.pb_argmax_f32(address(values), ctypes.c_uint32(len(values))) == int(np.argmax(values))


def test_relu_turns_nan_and_negative_zero_into_zero(kernels: Library) -> None:
    values = np.array([np.nan, -0.0, 0.0, -np.inf, np.inf, -1.0, 1.0], np.float32)
    kernels.pb_relu_f32_run(address(values), ctypes.c_uint32(len(values)))
    assert values.view(np.uint32).tolist() == np.array([0, 0, 0, 0, np.inf, 0, 1], np.float32).view(np.uint32).tolist()


def encode_case(kind: int, operator: Operator, source: np.ndarray) -> bytes:
    """The case as `c/kernels_driver.c` reads it."""
    size = operator.output.size
    if isinstance(operator, Quantise):
        head = struct.pack("<4i", size, operator.offset, operator.multiplier, operator.shift)
        arrays: tuple[np.ndarray, ...] = ()
    elif isinstance(operator, Dense):
        numbers = (operator.output.zero_point, operator.low, operator.high)
        head = struct.pack("<5i", len(source), size, *numbers)
        arrays = (operator.weights, operator.bias, operator.multiplier, operator.shift)
    elif isinstance(operator, ToFloat):
        head, arrays = struct.pack("<if", size, operator.scale), ()
    else:
        kind += operator.activation == "relu"
        head, arrays = struct.pack("<2i", len(source), size), (operator.weights, operator.bias)
    return bytes([kind]) + head + b"".join(array.tobytes() for array in (*arrays, source))


def test_kernels_stay_inside_their_arrays(compile_sanitised: Callable[[str, Sequence[Path]], Path]) -> None:
    driver = Path(__file__).parent / "c" / "kernels_driver.c"
    program = compile_sanitised("kernels_driver", [driver, *kernel_sources()])
    rng = np.random.default_rng(7)
    cases = [(seed % 5, make_case(seed, seed % 5, *rng.integers(1, 40, 2).tolist())) for seed in range(300)]
    encoded = b"".join(encode_case(kind, *case) for kind, case in cases)
    done = subprocess.run([program], input=encoded, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b"".join(expected_bytes(*case) for _, case in cases)


@pytest.mark.parametrize("source", sorted((firmware_folder() / "src").glob("*.c")), ids=lambda path: path.name)
def test_source_compiles_freestanding_for_the_m33(source: Path, tmp_path: Path) -> None:
    (tmp_path / "generated_sizes.h").write_text(
        '#include "proofboard/frontend.h"\n#define PB_GENERATED_WINDOW 1000u\n#define PB_GENERATED_FEATURES 60u\n'
    )
    firmware = firmware_folder()
    includes = [f"-I{folder}" for folder in (firmware / "include", firmware / "src", tmp_path)]
    warnings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-O2"]
    command = ["arm-none-eabi-gcc", *ARM, *warnings, *includes, "-c", source, "-o", tmp_path / "object.o"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
