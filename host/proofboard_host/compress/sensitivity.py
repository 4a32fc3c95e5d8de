"""Bits of each layer by measured sensitivity: how far the outputs move when that layer alone has fewer bits.

As in Z. Dong et al., "HAWQ" (arXiv:1905.03696), with the measured error of the outputs in place of a Hessian's norm;
errors of different layers are taken to add up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .layers import Chain, PoolLayer, WeightedLayer, apply
from .weights import nearest, row_scales

Float64 = npt.NDArray[np.float64]

WIDTHS = (8, 4, 2)
"""Bits of weights that kernels exist for, widest first."""


@dataclass(frozen=True)
class Sensitivity:
    """`weights` of a layer; `errors` of the outputs by bits, mean square, as a share of the outputs' variance."""

    weights: int
    errors: dict[int, float]


def measure_sensitivity(chain: Chain, calibration: npt.NDArray[np.int16]) -> list[Sensitivity]:
    """Of each layer that has weights, in their order; `calibration` int16 features [n, …], n ≥ 2, of training clips."""
    outputs = chain.outputs(calibration)
    wanted = outputs[-1]
    variance = float(wanted.var()) or 1.0
    found = []
    for index, layer in enumerate(chain.layers):
        if isinstance(layer, PoolLayer):
            continue
        read = outputs[index - 1] if index else chain.read(calibration)
        errors = {}
        for bits in WIDTHS:
            value = apply(_rounded(layer, bits), read)
            for later in chain.layers[index + 1 :]:
                value = apply(later, value)
            # A constant shift of each output is what bias correction takes back.
            errors[bits] = float((value - wanted).var(axis=0).mean()) / variance
        found.append(Sensitivity(layer.weights.size, errors))
    return found


def choose_bits(layers: Sequence[Sensitivity], *, allowed: float, widths: Sequence[int] = WIDTHS) -> tuple[int, ...]:
    """Bits of each layer: from 8 everywhere, the step down that costs least error for the bits it saves, again and
    again, while all errors together stay within `allowed`. `widths`: those that may be used, widest first."""
    chosen = [widths[0]] * len(layers)
    while True:
        spent = sum(layer.errors[bits] for layer, bits in zip(layers, chosen, strict=True))
        steps = []
        for index, (layer, bits) in enumerate(zip(layers, chosen, strict=True)):
            for fewer in (width for width in widths if width < bits):
                added = layer.errors[fewer] - layer.errors[bits]
                if spent + added <= allowed:
                    steps.append((added / ((bits - fewer) * layer.weights), index, fewer))
        if not steps:
            return tuple(chosen)
        _, index, fewer = min(steps)
        chosen[index] = fewer


def _rounded(layer: WeightedLayer, bits: int) -> WeightedLayer:
    rows = layer.weights.reshape(len(layer.weights), -1)
    scale = row_scales(rows, bits)
    rounded = nearest(rows, scale, bits) * scale[:, None]
    return dataclasses.replace(layer, weights=rounded.reshape(layer.weights.shape))
