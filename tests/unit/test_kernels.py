"""The generator's C and the firmware's kernels, compiled for this machine, against the integer reference: bit by bit,
and under the sanitisers."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import (
    DRIVER,
    RUNS,
    RUNS_WANTED,
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
from proofboard_host.graph.operators import Add, Dense, Tensor

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


def test_over_ten_thousand_runs(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    calls = random_calls(21, RUNS_WANTED // RUNS)
    assert_equal(calls, random_exchanges(21, calls), compile_sanitised, tmp_path)


def extreme_dense(weight: int, sign: int, multiplier: int, bits: int, tensor: Tensor) -> Dense:
    """Rows of one weight, with the largest bias of that sign that the accumulator leaves room for."""
    inputs, outputs = 403, tensor.size
    bias = sign * ((1 << 31) - 1 - 127 * abs(weight) * inputs)
    weights = np.full((outputs, inputs), weight, np.int8)
    columns = np.full(outputs, bias, np.int32), np.full(outputs, multiplier, np.int32)
    return Dense("dense", weights, *columns, bits, tensor)


def extreme_layers() -> Iterator[tuple[Call, Exchange]]:
    """Every width of weights at both ends, with multipliers and inputs at theirs."""
    source = np.repeat(np.array([[-127], [127], [0], [-1]], np.int8), 403, axis=1)
    tensors = Tensor((5,), "int8", 1.0), Tensor((5,), "int16", 1.0)
    weights = ((-127, 8), (127, 8), (-8, 4), (7, 4), (-2, 2), (1, 2))
    for (weight, bits), sign, multiplier, tensor in product(weights, (-1, 1), (1, MAX_MULTIPLIER), tensors):
        call = Call(extreme_dense(weight, sign, multiplier, bits, tensor), None)
        yield call, exchange(call, source)


def extreme_sums() -> Iterator[tuple[Call, Exchange]]:
    rows = np.repeat(np.array([[-127], [127], [-127], [127]], np.int8), 10, axis=1)
    ends = ((32767, 32767), (-32768, 32767), (-32768, -32768))
    for (first, second), sign, shift in product(ends, (-1, 1), (0, 23, 30)):
        room = (1 << 31) - 1 - 127 * (abs(first) + abs(second))
        call = Call(Add("add", first, second, sign * room, shift, Tensor((1, 2, 5), "int8", 1.0)), None)
        yield call, exchange(call, rows, rows[[0, 1, 1, 0]])


def halves() -> Iterator[tuple[Call, Exchange]]:
    """A multiplier of 2^30 is a quarter: a sum of 2 more than a multiple of 4 lies between two whole numbers."""
    bias = np.array([-10, -6, -2, 2, 6, 10, 14, -14], np.int32)
    for dtype, bits in (("int8", 8), ("int8", 4), ("int16", 8), ("int16", 4)):
        tensor = Tensor((8,), "int8" if dtype == "int8" else "int16", 1.0)
        call = Call(Dense("dense", np.zeros((8, 1), np.int8), bias, np.full(8, 1 << 30, np.int32), bits, tensor), None)
        wanted = exchange(call, np.zeros((RUNS, 1), np.int8))
        assert np.frombuffer(wanted.outputs[0], dtype).tolist() == [-2, -1, 0, 1, 2, 3, 4, -3]
        yield call, wanted


def test_extremes_and_exact_halves(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    calls, expected = zip(*extreme_layers(), *extreme_sums(), *halves(), strict=True)
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
