"""Dense layers of every shape that ends differently: words, pairs of words and groups of rows, filled or not; and sums
at the ends of what each kernel holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from graph_example import random_dense
from kernel_cases import RUNS, Call, Exchange, exchange, random_exchanges
from proofboard_host.graph.operators import Dense, DType, Tensor

FITTING = 520
"""The most weights of ±127 in a row of the fast int8 kernel."""


def shaped_and_extreme(seed: int) -> tuple[list[Call], list[Exchange]]:
    """All calls of this file, and what the reference answers."""
    calls = _shaped_calls(seed)
    extreme, answers = zip(*_extreme_exchanges(), strict=True)
    return [*calls, *extreme], [*random_exchanges(seed, calls), *answers]


def _shaped_calls(seed: int) -> list[Call]:
    """Each number of inputs around two words of the narrowest weights, one to five rows; every other one in place."""
    rng = np.random.default_rng(seed)
    calls = []
    for inputs, outputs, bits in product(range(1, 35), range(1, 6), (8, 4, 2)):
        dtype: DType = "int16" if (inputs + outputs) % 2 else "int8"
        operator = random_dense(rng, inputs, outputs, dtype, bits)
        fits = operator.output.bytes <= inputs
        calls.append(Call(operator, 0 if fits and rng.random() < 0.5 else None))
    return calls


def _extreme_exchanges() -> Iterator[tuple[Call, Exchange]]:
    """int8 rows of the largest weights: the longest of the fast kernel, and longer ones, of the other."""
    for inputs, outputs in product((FITTING - 1, FITTING, *range(FITTING + 1, FITTING + 5)), range(1, 7)):
        signs = np.random.default_rng(inputs).choice([-1, 1], inputs)
        rows = signs * np.where(np.arange(outputs) % 2, -127, 127)[:, None]
        multiplier = np.full(outputs, 60_000, np.int32)
        call = Call(_layer(rows, multiplier, "int8" if outputs % 2 else "int16"), None)
        yield call, exchange(call, _inputs(signs))


def _layer(rows: np.ndarray, multiplier: np.ndarray, dtype: DType) -> Dense:
    bias = np.zeros(len(rows), np.int32)
    return Dense("dense", rows.astype(np.int8), bias, multiplier, 8, Tensor((len(rows),), dtype, 1.0))


def _inputs(signs: np.ndarray) -> np.ndarray:
    """Those that bring every sum to its ends, and others."""
    rows: Sequence[np.ndarray] = (127 * signs, -127 * signs, np.full_like(signs, -127), signs)
    assert len(rows) == RUNS
    return np.stack(rows).astype(np.int8)
