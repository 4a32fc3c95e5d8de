"""Weights of dense layers as the words that the firmware's kernels read, and back.

A packed layer is a stream of uint32: rows in groups of four, then the rows that are left one by one. A group is one
word of weights per row for each `columns` of the layout, the last columns filled up with zeros; then a bias per row;
then a multiplier per row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .checks import INT8_LIMIT

GROUP = 4
"""Rows that a kernel sums at a time."""

_S8_REACH = 1 << 23  # the fast int8 kernel keeps sums 256 times as large in 32 bits


@dataclass(frozen=True)
class Layout:
    """How weights lie in a word.

    Attributes:
        bits: of a weight.
        order: the columns of a word from its lowest bits up.
        offsets: what is added to each of them before its lowest `bits` bits are kept.
        carried: the word holds sums of weights × 2^position within each half, so a negative one borrows from the next.
    """

    bits: int
    order: tuple[int, ...]
    offsets: tuple[int, ...]
    carried: bool = False

    @property
    def columns(self) -> int:
        """Weights in a word."""
        return len(self.order)


@dataclass(frozen=True)
class DenseKernel:
    """A kernel of the firmware, `pb_<name>_run`, and how it wants its weights."""

    name: str
    layout: Layout


S8 = DenseKernel("dense_s8", Layout(8, (0, 1, 2, 3), (0,) * 4, carried=True))
S8_WIDE = DenseKernel("dense_s8_wide", Layout(8, (0, 1, 2, 3), (0,) * 4))
S4 = DenseKernel("dense_s4", Layout(4, (0, 1, 4, 5, 2, 3, 6, 7), (8, 0) * 4))
S2 = DenseKernel("dense_s2", Layout(2, (0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15), (2,) * 16))
KERNELS = (S8, S8_WIDE, S4, S2)


def dense_kernel(weights: NDArray[np.int8], bits: int) -> DenseKernel:
    """The fastest kernel that is exact for these weights.

    Args:
        weights: [outputs, inputs].
        bits: 8, 4 or 2.
    """
    if bits == 8:
        reach = INT8_LIMIT * int(np.abs(weights.astype(np.int64)).sum(axis=1).max())
        return S8 if reach < _S8_REACH else S8_WIDE
    return {4: S4, 2: S2}[bits]


def dense_scratch_bytes(inputs: int) -> int:
    """PB_DENSE_SCRATCH of dense.h: the input as int16, filled up to 16 inputs, and what is read ahead."""
    return 2 * (-(-inputs // 16) * 16) + 8


def pack_words(weights: NDArray[np.int8], layout: Layout) -> NDArray[np.uint32]:
    """[rows, columns] to [rows, words]."""
    rows, inputs = weights.shape
    words = -(-inputs // layout.columns)
    padded = np.zeros((rows, words * layout.columns), np.int64)
    padded[:, :inputs] = weights
    codes = padded.reshape(rows, words, layout.columns)[:, :, layout.order] + np.array(layout.offsets)
    if layout.carried:
        codes[:, :, 1::2] -= codes[:, :, 0::2] < 0
    fields = (codes & ((1 << layout.bits) - 1)) << (np.arange(layout.columns) * layout.bits)
    packed: NDArray[np.uint32] = fields.sum(axis=2).astype(np.uint32)
    return packed


def unpack_words(words: NDArray[np.uint32], inputs: int, layout: Layout) -> NDArray[np.int8]:
    """The inverse of `pack_words` for rows of that many columns."""
    fields = words.astype(np.int64)[:, :, None] >> (np.arange(layout.columns) * layout.bits)
    half = 1 << (layout.bits - 1)
    codes = fields - np.array(layout.offsets) & (1 << layout.bits) - 1
    weights = (codes ^ half) - half
    if layout.carried:
        weights[:, :, 1::2] += weights[:, :, 0::2] < 0
    natural = np.empty_like(weights)
    natural[:, :, layout.order] = weights
    return natural.reshape(len(words), -1)[:, :inputs].astype(np.int8)


def pack_dense(
    weights: NDArray[np.int8], bias: NDArray[np.int32], multiplier: NDArray[np.int32], layout: Layout
) -> NDArray[np.uint32]:
    """The stream of a layer.

    Args:
        weights: [outputs, inputs] in the layout's range.
        bias: [outputs].
        multiplier: [outputs], in 1..2^31 − 1.
        layout: of the kernel.
    """
    rows = np.column_stack(
        [
            pack_words(weights, layout),
            bias.astype(np.int32).view(np.uint32),
            multiplier.astype(np.int32).view(np.uint32),
        ]
    )
    grouped = len(rows) - len(rows) % GROUP
    groups = rows[:grouped].reshape(-1, GROUP, rows.shape[1]).transpose(0, 2, 1)
    return np.concatenate([groups.reshape(-1), rows[grouped:].reshape(-1)])


def unpack_dense(
    packed: NDArray[np.uint32], inputs: int, outputs: int, layout: Layout
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]]:
    """Weights, bias and multiplier of a stream that `pack_dense` made."""
    stride = -(-inputs // layout.columns) + 2
    grouped = outputs - outputs % GROUP
    groups = packed[: grouped * stride].reshape(-1, stride, GROUP).transpose(0, 2, 1)
    rows = np.concatenate([groups.reshape(grouped, stride), packed[grouped * stride :].reshape(-1, stride)])
    weights = unpack_words(rows[:, :-2], inputs, layout)
    bias, multiplier = np.ascontiguousarray(rows[:, -2:].T).view(np.int32)
    return weights, bias, multiplier
