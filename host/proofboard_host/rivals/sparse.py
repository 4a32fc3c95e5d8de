"""Sparse storage of int8 weights: what zeros that lie anywhere can save in flash.

Two codings of where the other weights lie; the values follow as plain bytes, since their entropy after magnitude
pruning is close to 8 bits. The matching kernels in C are beside the benchmark, and their size is counted there.

- bitmap: one bit a weight;
- Rice: the zeros before each value by a Golomb code of a power of two, which is nearly optimal for places that are
  independent of each other (S. W. Golomb, IEEE Trans. Inf. Theory 12 (1966); R. F. Rice, JPL 79-22 (1979)).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]

DESCRIPTOR_BYTES = 20
"""`struct sparse_weights` of a layer: two pointers and three words."""

_SHIFTS = range(16)


@dataclass(frozen=True, eq=False)
class Coded:
    """Weights of a layer in a sparse coding.

    Attributes:
        places: where the values lie, uint8 [bytes].
        values: those that are not zero, int8 [count], row by row.
        shift: low bits of each Rice code; 0 for a bitmap.
        inputs: of the layer.
    """

    places: npt.NDArray[np.uint8]
    values: Int8
    shift: int
    inputs: int

    @property
    def bytes(self) -> int:
        """Of flash, with the descriptor."""
        return len(self.places) + len(self.values) + DESCRIPTOR_BYTES


def encode_bitmap(weights: Int8) -> Coded:
    """Weights [outputs, inputs]; the first is the lowest bit of the first byte."""
    flat = weights.reshape(-1)
    return Coded(np.packbits(flat != 0, bitorder="little"), flat[flat != 0], 0, weights.shape[1])


def encode_rice(weights: Int8) -> Coded:
    """Weights [outputs, inputs], with the shift that makes them smallest.

    A code is as many ones as the gap holds 2^shift, a zero, then the gap's `shift` low bits; lowest bits come first.
    """
    flat = weights.reshape(-1)
    gaps = np.diff(np.flatnonzero(flat), prepend=-1) - 1
    shift = min(_SHIFTS, key=lambda shift: int((gaps >> shift).sum()) + len(gaps) * (1 + shift))
    quotients = gaps >> shift
    lengths = quotients + 1 + shift
    ends = np.cumsum(lengths)
    bits = np.ones(int(ends[-1]) if len(ends) else 0, np.uint8)
    bits[ends - shift - 1] = 0
    for index in range(shift):
        bits[ends - shift + index] = gaps >> index & 1
    return Coded(np.packbits(bits, bitorder="little"), flat[flat != 0], shift, weights.shape[1])


CODINGS: Mapping[str, Callable[[Int8], Coded]] = MappingProxyType({"bitmap": encode_bitmap, "rice": encode_rice})
"""Name, as in the names of the kernels in C, to encoder."""


def weight_bytes(layers: Sequence[Int8]) -> dict[str, int]:
    """Bytes of the weights of int8 layers [outputs, inputs], `dense` and by coding, without any decoder's code.

    A layer that a coding makes larger stays dense.
    """
    sizes = {"dense": sum(layer.size for layer in layers)}
    for name, encode in CODINGS.items():
        sizes[name] = sum(min(layer.size, encode(layer).bytes) for layer in layers)
    return sizes
