"""The one rounding rule of every integer layer, as `firmware/include/proofboard/requantise.h` has it in C.

    requantise(accumulator, multiplier) = (accumulator × multiplier + 2^31) >> 32

with the product in 64 bits and an arithmetic shift: round half up, once. It is what SMMULR, one instruction of a
Cortex-M33 (Armv8-M Architecture Reference Manual, DDI0553), computes. A real factor f is held as f × 2^32; unlike the
normalised multiplier with a shift of gemmlowp (Jacob et al. 2018, arXiv:1712.05877) there is no shift, at the price of
fewer significant bits for small factors: a relative error of at most 2^-33 / f.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FACTOR_BITS = 32
MAX_MULTIPLIER = (1 << 31) - 1
MIN_FACTOR = 2.0**-24
FACTOR_LIMIT = 0.5


def encode_factor(factor: float) -> int:
    """A real factor as a multiplier in 2^8..2^31 − 1, the nearest one.

    Args:
        factor: in [2^-24, 0.5); the ratio of input scale × weight scale to output scale.

    Raises:
        ValueError: the factor is not in that range.
    """
    if not MIN_FACTOR <= factor < FACTOR_LIMIT:
        raise ValueError(f"requantisation factor {factor!r} is not in [2^-24, 0.5)")
    return min(round(factor * (1 << FACTOR_BITS)), MAX_MULTIPLIER)


def requantise(accumulator: NDArray[np.int32], multiplier: NDArray[np.int32] | int) -> NDArray[np.int64]:
    """Round `accumulator × multiplier × 2^-32`, half up; not saturated.

    Args:
        accumulator: int32 of any shape.
        multiplier: in 1..2^31 − 1; broadcast against the last axis of `accumulator`, the output channel.

    Returns:
        Values in −2^30..2^30, since |accumulator| ≤ 2^31.
    """
    wide = accumulator.astype(np.int64) * multiplier
    wide += np.int64(1) << (FACTOR_BITS - 1)
    wide >>= FACTOR_BITS
    return wide
