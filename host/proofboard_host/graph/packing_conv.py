"""Weights of convolutions as the firmware's kernels read them; `conv_filters.h` and `depthwise.h` say the layouts.

Filters are rows of weights in the order of the image bytes they meet. Rows go in blocks of 4 and weights in quads of
4, filled up with zeros, so that a kernel unpacks pairs (0, 2) and (1, 3) with one SXTB16 or one masked shift each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS = 4
"""Output channels in a block."""

QUAD = 4
"""Weights of a row that are held together."""

WIDE_BYTES = 16384
"""Most bytes of int16 weights that a kernel widens at a time, where four rows don't take more."""


def pack_filters(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Weights [outputs, inputs] as bytes, `bits` each; `unpack_filters` is the inverse."""
    outputs, inputs = weights.shape
    padded = np.zeros((_blocks(outputs), ROWS, _quads(inputs), QUAD), np.int8)
    padded.reshape(_blocks(outputs) * ROWS, -1)[:outputs, :inputs] = weights
    return _join(_to_kernel(padded, bits), bits)


def unpack_filters(packed: NDArray[np.uint8], outputs: int, inputs: int, bits: int) -> NDArray[np.int8]:
    """The weights [outputs, inputs] that `pack_filters` packed."""
    rows = _from_kernel(_split(packed, bits), _blocks(outputs), _quads(inputs), bits)
    return rows.reshape(_blocks(outputs) * ROWS, -1)[:outputs, :inputs]


def pack_scaling(bias: NDArray[np.int32], multiplier: NDArray[np.int32]) -> NDArray[np.int32]:
    """Per block of rows 4 biases, then 4 multipliers; rows that fill up a block have 0 and 1."""
    pairs = np.zeros((2, _blocks(bias.size) * ROWS), np.int32)
    pairs[1] = 1
    pairs[0, : bias.size] = bias
    pairs[1, : bias.size] = multiplier
    return pairs.reshape(2, -1, ROWS).transpose(1, 0, 2).reshape(-1)


def group_rows(outputs: int, inputs: int) -> int:
    """Rows that a kernel widens at a time: all, or equal parts that WIDE_BYTES holds; a multiple of 4."""
    fitting = max(WIDE_BYTES // (2 * QUAD * _quads(inputs) * ROWS), 1)
    passes = -(-_blocks(outputs) // fitting)
    return -(-_blocks(outputs) // passes) * ROWS


def product_scratch_bytes(outputs: int, inputs: int) -> int:
    """Working memory of the engine: wide weights, two wide patches with what is read beyond them, staged outputs."""
    group, quads = group_rows(outputs, inputs), _quads(inputs)
    return 2 * QUAD * group * quads + 16 * quads + 8 + 2 * group


def gathered_bytes(inputs: int) -> int:
    """Working memory in addition, where patches have to be gathered from the image."""
    return 2 * QUAD * _quads(inputs)


def fold_padding(bias: NDArray[np.int32], weights: NDArray[np.int8], pad_value: int) -> NDArray[np.int32]:
    """Biases with what a window in the padding alone would add, for a kernel that sums weights × (x − pad_value).

    They stay in int32 wherever bias + Σ w·x does, since that is one of those sums.

    Args:
        bias: [channels].
        weights: [height, width, channels].
        pad_value: code of zero.
    """
    return (bias + pad_value * weights.sum(axis=(0, 1), dtype=np.int64)).astype(np.int32)


def pack_depthwise(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Weights [height, width, channels] in that order as bytes, `bits` each; `unpack_depthwise` is the inverse."""
    flat = np.zeros(-(-weights.size * bits // 8) * 8 // bits, np.int8)
    flat[: weights.size] = weights.reshape(-1)
    return _join(flat, bits)


def unpack_depthwise(packed: NDArray[np.uint8], shape: tuple[int, int, int], bits: int) -> NDArray[np.int8]:
    """The weights of that shape that `pack_depthwise` packed."""
    return _split(packed, bits)[: int(np.prod(shape))].reshape(shape)


def unpacked_bytes(weights: NDArray[np.int8], bits: int) -> int:
    """Working memory of depthwise kernels for int8 weights, if they are stored smaller."""
    return 0 if bits == 8 else -(-weights.size // 4) * 4


def taps_scratch_bytes(weights: NDArray[np.int8]) -> int:
    """Working memory of the general depthwise kernel: offsets of taps, int16 weights, a pixel of padding."""
    channels = weights.shape[2]
    taps = weights.size // channels
    return 4 * taps + 2 * taps * channels + channels


def stream_scratch_bytes(length: int) -> int:
    """Working memory of the depthwise kernel of 3×3: a line of `length` outputs of four channels, their weights."""
    return 32 * length + 128 + 96


def _blocks(outputs: int) -> int:
    return -(-outputs // ROWS)


def _quads(inputs: int) -> int:
    return -(-inputs // QUAD)


# Axes of padded weights: block, row pair, row in the pair, quad, half of the quad, weight in the half.
_KERNEL_AXES = {
    8: (0, 3, 1, 2, 4, 5),  # bytes of a row together
    4: (0, 3, 1, 4, 2, 5),  # a word for two rows: its low half-word holds weights 0 and 1, the high one 2 and 3
    2: (0, 3, 4, 1, 2, 5),  # a word for four rows, likewise
}


def _to_kernel(padded: NDArray[np.int8], bits: int) -> NDArray[np.int8]:
    blocks, _, quads, _ = padded.shape
    return padded.reshape(blocks, 2, 2, quads, 2, 2).transpose(_KERNEL_AXES[bits])


def _from_kernel(weights: NDArray[np.int8], blocks: int, quads: int, bits: int) -> NDArray[np.int8]:
    axes = _KERNEL_AXES[bits]
    sizes = (blocks, 2, 2, quads, 2, 2)
    return weights.reshape([sizes[axis] for axis in axes]).transpose(np.argsort(axes))


def _join(weights: NDArray[np.int8], bits: int) -> NDArray[np.uint8]:
    """Bytes of fields, the first one in the lowest bits; fields of less than 8 bits hold w + 2^(bits − 1)."""
    if bits == 8:
        return weights.reshape(-1).view(np.uint8)
    fields = (weights.reshape(-1, 8 // bits).astype(np.int16) + (1 << (bits - 1))) << np.arange(0, 8, bits)
    return fields.sum(axis=1).astype(np.uint8)


def _split(packed: NDArray[np.uint8], bits: int) -> NDArray[np.int8]:
    if bits == 8:
        return packed.view(np.int8)
    fields = packed[:, None] >> np.arange(0, 8, bits, dtype=np.uint8) & ((1 << bits) - 1)
    return (fields.astype(np.int16) - (1 << (bits - 1))).astype(np.int8).reshape(-1)
