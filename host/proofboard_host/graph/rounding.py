"""The one rounding rule of every integer layer, as `firmware/include/proofboard/requantise.h` has it in C.

A real factor f in (0, 1) is held as `multiplier × 2^-(31 + shift)` with the multiplier normalised to [2^30, 2^31).
The product is taken in 64 bits, half is added, the shift is arithmetic: round half up, no saturation in between
(the gemmlowp idea of a normalised fixed-point multiplier, Jacob et al. 2018, arXiv:1712.05877, with one rounding
instead of two).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

MULTIPLIER_BITS = 31
MAX_SHIFT = 31


def encode_factor(factor: float) -> tuple[int, int]:
    """Split a real factor into (multiplier, shift).

    Args:
        factor: in [2^-32, 1); the ratio of input scale × weight scale to output scale.

    Raises:
        ValueError: the factor is not in that range.
    """
    if not 2.0**-32 <= factor < 1.0:
        raise ValueError(f"requantisation factor {factor!r} is not in [2^-32, 1)")
    mantissa, exponent = math.frexp(factor)  # factor = mantissa × 2^exponent, mantissa in [0.5, 1)
    multiplier = round(mantissa * (1 << MULTIPLIER_BITS))
    if multiplier == 1 << MULTIPLIER_BITS:  # rounded up to the next power of two
        multiplier, exponent = multiplier >> 1, exponent + 1
    if exponent > 0:  # the factor rounds to 1.0: the nearest one below it
        return (1 << MULTIPLIER_BITS) - 1, 0
    return multiplier, min(-exponent, MAX_SHIFT)


def requantise(
    accumulator: NDArray[np.int32], multiplier: NDArray[np.int32], shift: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Round `accumulator × multiplier × 2^-(31 + shift)`, half up.

    Shapes broadcast; the last axis of `accumulator` is the output channel.
    """
    wide = accumulator.astype(np.int64) * multiplier.astype(np.int64)
    total = MULTIPLIER_BITS + shift.astype(np.int64)
    return (wide + (np.int64(1) << (total - 1))) >> total
