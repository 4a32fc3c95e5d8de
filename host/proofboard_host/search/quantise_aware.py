"""Training on the grid: weights are rounded in the forward pass, so the network learns to live with its codes.

By Brevitas (https://github.com/Xilinx/brevitas), whose quantised layers pass gradients straight through the rounding.
Weights alone: activations of 8 bits lose little and get their ranges afterwards, from the trained network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import brevitas.nn as quantised
import numpy as np
import torch
from brevitas.quant import Int8WeightPerChannelFloat
from torch import nn

from ..compress.layers import Chain, Codes, PoolLayer
from ..train.network import FloatLayer
from .candidate import Gather
from .student import Effort, Geometry, Lessons, chain_from, fit, gathered


class _AwareStudent(nn.Module):
    """Like `Student`, but on octaves as the target sees them: normalisation and level are in the rounded weights.

    `centre` is taken away from every feature first, which only moves the bias and makes training better conditioned.
    """

    def __init__(self, layers: Sequence[nn.Module], factors: int, centre: torch.Tensor, gather: Gather) -> None:
        super().__init__()
        self.centre: torch.Tensor
        self.register_buffer("centre", centre)
        self.layers = nn.ModuleList(layers)
        self.factors = factors
        self.gather = gather

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        value: torch.Tensor = patches - self.centre
        for layer in self.layers[: self.factors]:
            value = layer(value)
        value = gathered(value, self.gather)
        for layer in self.layers[self.factors :]:
            value = layer(torch.relu(value))
        return value


def train_on_grid(
    chain: Chain,
    factors: int,
    geometry: Geometry,
    bits: Sequence[int],
    gather: Gather,
    lessons: Lessons,
    effort: Effort,
    chance: torch.Generator,
) -> Chain:
    """Train a chain on with its weights on a grid.

    Args:
        chain: from `student.export`.
        factors: how many of its layers are applied at every place.
        bits: of each layer that has weights.
        gather: as in `Candidate`.

    Returns:
        The chain with codes in every layer.

    Raises:
        ModelFault: the loss is no number any more.
    """
    weighted = [layer for layer in chain.layers if not isinstance(layer, PoolLayer)]
    centre = geometry.patches(lessons.features[:: max(1, len(lessons.features) // 2000)]).mean((0, 1))
    grids: list[Any] = []
    for index, (layer, width) in enumerate(zip(weighted, bits, strict=True)):
        rows = torch.from_numpy(layer.weights.reshape(len(layer.weights), -1)).float()
        bias = torch.from_numpy(layer.bias).float()
        linear = quantised.QuantLinear(
            rows.shape[1], rows.shape[0], bias=True, weight_quant=Int8WeightPerChannelFloat, weight_bit_width=width
        )
        linear.weight.data, linear.bias.data = rows, bias + rows @ centre if index == 0 else bias
        grids.append(linear)
    student = _AwareStudent(grids, factors, centre, gather)
    fit(student, geometry, lessons, effort, chance)
    student.eval()
    plain, codes = [], []
    for index, (linear, width) in enumerate(zip(grids, bits, strict=True)):
        with torch.no_grad():
            grid = linear.quant_weight()
        values, scale = grid.int().numpy().astype(np.int8), grid.scale.detach().numpy().astype(np.float64).reshape(-1)
        weights = values * scale[:, None]
        bias = linear.bias.detach().numpy().astype(np.float64)
        if index == 0:
            bias = bias - weights @ centre.numpy().astype(np.float64)
        plain.append(FloatLayer(weights.astype(np.float32), bias.astype(np.float32)))
        codes.append(Codes(values, scale, width))
    remaining = iter(codes)
    trained = [
        layer if isinstance(layer, PoolLayer) else replace(layer, codes=next(remaining).shaped(layer.weights.shape))
        for layer in chain_from(plain, factors, geometry, gather).layers
    ]
    return Chain(chain.shape, tuple(trained))
