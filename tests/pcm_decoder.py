"""The code of PCM on the wire, decoded bit by bit from its statement: what encoder and firmware are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class NotACode(ValueError):
    """The bytes are no code of that many samples."""


def decode(code: bytes, count: int) -> NDArray[np.int16]:
    """`count` samples out of exactly these bytes."""
    if code[:1] == b"\3":
        if len(code) != 1 + 2 * count:
            raise NotACode("raw length")
        return np.frombuffer(code[1:], "<i2").astype(np.int16)
    if not code or code[0] > 2:
        raise NotACode("order")
    bits = [byte >> position & 1 for byte in code[1:] for position in range(8)]
    cursor = 0

    def take(width: int) -> int:
        nonlocal cursor
        if cursor + width > len(bits):
            raise NotACode("too short")
        value = sum(bit << position for position, bit in enumerate(bits[cursor : cursor + width]))
        cursor += width
        return value

    samples: list[int] = []
    width = 0
    for index in range(count):
        if index % 20 == 0:
            width = take(5)
            if width > 19:
                raise NotACode("width")
        zigzag = take(width)
        residual = -(zigzag + 1) // 2 if zigzag % 2 else zigzag // 2
        one, two = ([0, 0, *samples])[-1], ([0, 0, *samples])[-2]
        sample = residual + (0, one, 2 * one - two)[code[0]]
        if not -32768 <= sample <= 32767:
            raise NotACode("range")
        samples.append(sample)
    if len(bits) - cursor >= 8 or any(bits[cursor:]):
        raise NotACode("too long")
    return np.array(samples, np.int16)
