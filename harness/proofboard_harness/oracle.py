"""What a rung of the ladder says of clips, and where two rungs differ."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .messages import Result


@dataclass(frozen=True)
class Outputs:
    """Row by clip: features int16 [clips, features], logit words int32 [clips, logits], classes [clips], and the
    output of each operator [clips, size] in the operator's own type."""

    features: NDArray[np.int16]
    words: NDArray[np.int32]
    classes: NDArray[np.int64]
    layers: tuple[NDArray[np.generic], ...]

    def rows(self, part: slice | list[int]) -> Outputs:
        """Of some rows only."""
        layers = tuple(layer[part] for layer in self.layers)
        return Outputs(self.features[part], self.words[part], self.classes[part], layers)

    def head(self, clips: int) -> Outputs:
        """Of the first `clips` rows only."""
        return self.rows(slice(clips))

    def tensors(self, row: int) -> list[NDArray[np.generic]]:
        """Features, then each operator's output, of one clip: the order in which the target counts layers."""
        return [self.features[row], *(layer[row] for layer in self.layers)]

    def layer_crcs(self, row: int) -> tuple[int, ...]:
        """CRC-32 of each of `tensors`, as the target computes them."""
        return tuple(zlib.crc32(tensor.tobytes()) for tensor in self.tensors(row))

    def packed_layers(self) -> NDArray[np.uint8]:
        """All operators' outputs of a clip one after the other, as bytes: [clips, bytes]."""
        rows = [np.ascontiguousarray(layer).view(np.uint8) for layer in self.layers]
        return np.concatenate(rows, axis=1)


def first_difference(layer_names: tuple[str, ...], expected: Outputs, row: int, result: Result) -> int | None:
    """Index into `tensors` of the first layer whose CRC the target reports differently; None if all agree."""
    crcs = expected.layer_crcs(row)
    return next((index for index, crc in enumerate(crcs) if result.layer_crcs[index] != crc), None)


def is_exact(expected: Outputs, row: int, result: Result) -> bool:
    """Whether the target's logits, class and every layer's CRC are the reference's."""
    return (
        result.words == tuple(int(word) for word in expected.words[row])
        and result.class_index == int(expected.classes[row])
        and result.layer_crcs == expected.layer_crcs(row)
    )


def describe_difference(name: str, expected: NDArray[np.generic], data: bytes) -> str:
    """The first element in which a dumped layer differs from the reference."""
    if len(data) != expected.nbytes:
        return f"{name}: {len(data)} bytes instead of {expected.nbytes}"
    actual = np.frombuffer(data, expected.dtype)
    # By bit pattern: a NaN equals itself, and −0 is not +0.
    width = f"u{expected.dtype.itemsize}"
    different = np.flatnonzero(actual.view(width) != np.ascontiguousarray(expected).view(width))
    if different.size == 0:
        return f"{name}: equal when asked again, so the target is not deterministic"
    index = int(different[0])
    return f"{name}[{index}]: expected {expected[index]}, target has {actual[index]} ({different.size} elements differ)"
