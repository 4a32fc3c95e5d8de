"""The generator's C and the firmware's kernels, compiled for this machine, against the integer reference: bit by bit,
and under the sanitisers."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import (
    DRIVER,
    RUNS,
    Call,
    Exchange,
    exchange,
    first_difference,
    input_bytes,
    operator_sources,
    random_calls,
    random_exchanges,
    write_calls,
)
from proofboard_harness.build import firmware_folder
from proofboard_host.graph.operators import Add, AveragePool2d, Dense, Operator, Tensor

Library = ctypes.CDLL
Sanitised = Callable[[str, Sequence[Path]], Path]
ARM = ["-mcpu=cortex-m33", "-mthumb", "-mfpu=fpv5-sp-d16", "-mfloat-abi=hard", "-ffreestanding"]
MAX_MULTIPLIER = (1 << 31) - 1


def assert_equal(
    calls: Sequence[Call], expected: Sequence[Exchange], compile_sanitised: Sanitised, folder: Path
) -> None:
    """Build all calls into one program, run it once, compare every output with the reference."""
    program = compile_sanitised(folder.name, [*write_calls(calls, folder), DRIVER, *operator_sources()])
    done = subprocess.run([program], input=input_bytes(expected), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert first_difference(calls, expected, done.stdout) is None


def check_random(seed: int, count: int, compile_sanitised: Sanitised, folder: Path) -> None:
    calls = random_calls(seed, count)
    assert_equal(calls, random_exchanges(seed, calls), compile_sanitised, folder)


def test_hundreds_of_calls(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    check_random(21, 150, compile_sanitised, tmp_path)


@pytest.mark.slow
def test_ten_thousand_runs(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    check_random(22, 2500, compile_sanitised, tmp_path)


def extreme_dense(weight: int, sign: int, multiplier: int, bits: int, tensor: Tensor) -> Dense:
    """Rows of one weight, with the largest bias of that sign that the accumulator leaves room for."""
    inputs, outputs = 403, tensor.size
    bias = sign * ((1 << 31) - 1 - 127 * abs(weight) * inputs)
    weights = np.full((outputs, inputs), weight, np.int8)
    columns = np.full(outputs, bias, np.int32), np.full(outputs, multiplier, np.int32)
    return Dense("dense", weights, *columns, bits, tensor)


def extreme_calls() -> Iterable[Operator]:
    for bits, weights in ((8, (-127, 127)), (4, (-8, 7)), (2, (-2, 1))):
        for weight in weights:
            for sign in (-1, 1):
                for multiplier in (1, MAX_MULTIPLIER):
                    yield extreme_dense(weight, sign, multiplier, bits, Tensor((5,), "int8", 1.0))
                    yield extreme_dense(weight, sign, multiplier, bits, Tensor((5,), "int16", 1.0))


def test_dense_at_every_extreme(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    calls = [Call(operator, None) for operator in extreme_calls()]
    source = np.repeat(np.array([[-127], [127], [0], [-1]], np.int8), 403, axis=1)
    expected = [exchange(call, source) for call in calls]
    assert_equal(calls, expected, compile_sanitised, tmp_path)


def test_exact_halves_go_up(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    """A multiplier of 2^30 is a quarter: a sum of 2 more than a multiple of 4 lies between two whole numbers."""
    image = Tensor((1, 1, 8), "int8", 1.0)
    zeros = np.zeros((8, 1), np.int8)
    bias = np.array([-10, -6, -2, 2, 6, 10, 14, -14], np.int32)
    quarter = np.full(8, 1 << 30, np.int32)
    calls = [
        Call(Dense("dense", zeros, bias, quarter, 8, Tensor((8,), "int8", 1.0)), None),
        Call(Dense("dense", zeros, bias, quarter, 4, Tensor((8,), "int16", 1.0)), None),
        Call(AveragePool2d("mean", (2, 2), (1, 1), 2, 1 << 30, (2, 2, 8), image), None),
    ]
    rng = np.random.default_rng(3)
    expected = [exchange(call, np.zeros((RUNS, 1), np.int8)) for call in calls[:2]]
    expected.append(exchange(calls[2], rng.integers(-127, 128, (RUNS, 32)).astype(np.int8)))
    halves_up = [-2, -1, 0, 1, 2, 3, 4, -3]
    for one, kind in zip(expected, (np.int8, np.int16), strict=False):
        assert np.frombuffer(one.outputs[0], kind).tolist() == halves_up
    assert_equal(calls, expected, compile_sanitised, tmp_path)


@pytest.mark.parametrize(("first", "second"), [(32767, 32767), (-32768, 32767), (-32768, -32768)])
def test_add_at_the_ends(first: int, second: int, compile_sanitised: Sanitised, tmp_path: Path) -> None:
    room = (1 << 31) - 1 - 127 * (abs(first) + abs(second))
    shape = Tensor((1, 2, 5), "int8", 1.0)
    calls = [
        Call(Add("add", first, second, sign * room, shift, shape), None) for sign in (-1, 1) for shift in (0, 23, 30)
    ]
    rows = np.repeat(np.array([[-127], [127], [-127], [127]], np.int8), 10, axis=1)
    expected = [exchange(call, rows, rows[[0, 1, 1, 0]]) for call in calls]
    assert_equal(calls, expected, compile_sanitised, tmp_path)


@pytest.fixture(scope="session")
def kernels(compile_c: Callable[[str, Sequence[Path], Sequence[str]], Path]) -> Library:
    sources = [firmware_folder() / "src" / f"{name}.c" for name in ("argmax_s32", "argmax_f32", "relu_f32")]
    return ctypes.CDLL(str(compile_c("kernels.so", sources, ["-O2", "-shared", "-fPIC"])))


def address(values: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


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
