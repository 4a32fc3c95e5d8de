"""Rounding of weights by second-order information: a weight's rounding error is made good by the weights after it.

Source: E. Frantar et al., "GPTQ: accurate post-training quantization for generative pre-trained transformers", ICLR
2023 (arXiv:2210.17323), from B. Hassibi and D. Stork, "Second order derivatives for network pruning: optimal brain
surgeon", NIPS 1992. The output error of a row w is (w − q)ᵀ H (w − q) with H = Σ x xᵀ over calibration inputs.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import linalg

Float64 = npt.NDArray[np.float64]

_DAMPING = 0.01  # of the mean of H's diagonal: keeps the inverse finite where an input is constant


def curvature(read: Float64) -> Float64:
    """H = Σ x xᵀ / n with a one appended to x, so that the bias takes part: [products + 1, products + 1].

    Args:
        read: what a row of weights is multiplied with, [n, products].
    """
    extended = np.concatenate([read, np.ones((len(read), 1))], axis=1)
    return np.asarray(extended.T @ extended / len(extended))


def round_rows(
    weights: Float64, scale: Float64, hessian: Float64, low: int, high: int
) -> tuple[npt.NDArray[np.int8], Float64]:
    """Round every row to whole multiples of its scale, in `low..high`.

    Inputs of large curvature are rounded first, while many others are left to make good; the bias, which is never
    rounded, comes last and takes what remains.

    Args:
        weights: [outputs, products].
        scale: [outputs].
        hessian: [products + 1, products + 1], from `curvature`.

    Returns:
        Codes int8 [outputs, products], and what is to be added to the bias [outputs].
    """
    products = weights.shape[1]
    order = np.append(np.argsort(-np.diag(hessian)[:-1], kind="stable"), products)
    damped = hessian[np.ix_(order, order)] + _DAMPING * np.diag(hessian).mean() * np.eye(products + 1)
    # The rows of the upper Cholesky factor of H⁻¹ are the updates of the weights that are still free.
    factor = linalg.cholesky(linalg.inv(damped), lower=False)
    work = np.concatenate([weights, np.zeros((len(weights), 1))], axis=1)[:, order]
    codes = np.zeros((len(weights), products), np.int8)
    for index in range(products):
        code = np.clip(np.rint(work[:, index] / scale), low, high)
        error = (work[:, index] - code * scale) / factor[index, index]
        work[:, index:] -= error[:, None] * factor[index, index:]
        codes[:, order[index]] = code.astype(np.int8)
    return codes, work[:, products].copy()
