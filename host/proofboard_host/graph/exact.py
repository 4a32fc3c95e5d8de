"""Integer matrix products by a floating-point BLAS, exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_INPUT_LIMIT = 128  # largest magnitude of any int8
_FLOAT32_EXACT = 1 << 24  # float32 holds every whole number up to here, float64 up to 2^53


def exact_products(values: NDArray[np.int8], weights: NDArray[np.int8]) -> NDArray[np.int32]:
    """Σ values·weights for every pair of rows.

    Every partial sum, in whatever order BLAS adds and with or without fused multiply-add, is a whole number below
    Σ |weights|·128, which the chosen type holds exactly.

    Args:
        values: [n, products].
        weights: [outputs, products], fewer than 2^17 products, so that a sum stays in int32.

    Returns:
        int32 [n, outputs].
    """
    reach = int(np.abs(weights.astype(np.int64)).sum(axis=1).max()) * _INPUT_LIMIT
    kind: type[np.floating] = np.float32 if reach < _FLOAT32_EXACT else np.float64
    return np.matmul(values.astype(kind), weights.astype(kind).T).astype(np.int32)
