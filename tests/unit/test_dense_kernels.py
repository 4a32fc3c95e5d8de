"""Dense kernels in plain C, under the sanitisers, against the integer reference, where their loops begin and end."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from dense_cases import FITTING, shaped_and_extreme
from kernel_cases import DRIVER, first_difference, input_bytes, operator_sources, write_calls
from proofboard_host.graph.emit_operator import calls, scratch_bytes
from proofboard_host.graph.operators import Dense, Tensor

Sanitised = Callable[[str, Sequence[Path]], Path]


def test_ends_of_loops_and_of_sums(compile_sanitised: Sanitised, tmp_path: Path) -> None:
    every, expected = shaped_and_extreme(41)
    program = compile_sanitised("dense", [*write_calls(every, tmp_path), DRIVER, *operator_sources()])
    done = subprocess.run([program], input=input_bytes(expected), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert first_difference(every, expected, done.stdout) is None


def layer(weights: np.ndarray, bits: int) -> Dense:
    columns = np.zeros(len(weights), np.int32), np.ones(len(weights), np.int32)
    return Dense("dense", weights.astype(np.int8), *columns, bits, Tensor((len(weights),), "int16", 1.0))


@pytest.mark.parametrize(
    ("inputs", "weight", "bits", "kernel"),
    [
        (FITTING, -127, 8, "s8"),
        (FITTING + 1, -127, 8, "s8_wide"),
        (4 * FITTING, 30, 8, "s8"),
        (4 * FITTING, -8, 4, "s4"),
        (4 * FITTING, -2, 2, "s2"),
    ],
)
def test_one_long_row_decides_on_the_kernel(inputs: int, weight: int, bits: int, kernel: str) -> None:
    weights = np.zeros((3, inputs))
    weights[1] = weight
    (call,) = calls(layer(weights, bits), "symbol", ("source",), "target", "scratch")
    assert call == f"pb_dense_{kernel}_s16_run(&symbol__parameters, source, target, scratch);"


@pytest.mark.parametrize(("inputs", "size"), [(1, 40), (16, 40), (17, 72), (100, 232)])
def test_scratch_holds_whole_words_of_the_narrowest_weights(inputs: int, size: int) -> None:
    assert scratch_bytes(layer(np.zeros((1, inputs)), 2)) == size
