"""A user's own network as a PyTorch module, and what one does to it without this project: prune it, train it on.

Uniform pruning takes the same share of neurons out of every layer, by torch-pruning (G. Fang et al., arXiv:2301.12900).
Magnitude pruning zeroes the smallest weights of the whole network (S. Han et al., NIPS 2015, arXiv:1506.02626), by
`torch.nn.utils.prune`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import nn
from torch.nn.utils import prune

from ..compress.layers import Chain, chain_of
from ..train.network import FEATURE_SCALE, FloatLayer, FloatNetwork

_LEAST_DEVIATION = 0.1  # octaves: a feature that hardly changes is not blown up
_BATCH = 1024


class Plain(nn.Module):
    """Normalised features, then layers of any kind.

    No level is taken away here, unlike in training of the baseline: that would fold into weights that sum to zero, and
    no weight of the first layer could be pruned by itself. Networks are started from such weights and learn from clips
    of varied level.
    """

    def __init__(self, centre: torch.Tensor, deviation: torch.Tensor, layers: nn.Sequential) -> None:
        super().__init__()
        self.centre: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("centre", centre)
        self.register_buffer("deviation", deviation)
        self.layers = layers

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes] of octaves [n, 1, features]."""
        logits: torch.Tensor = self.layers((patches.flatten(1) - self.centre) / self.deviation)
        return logits


def statistics(features: npt.NDArray[np.int16]) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and deviation of each feature in octaves, float32 [features], of int16 [n, …]."""
    octaves = features.reshape(len(features), -1).astype(np.float32) * np.float32(FEATURE_SCALE)
    return torch.from_numpy(octaves.mean(0)), torch.from_numpy(octaves.std(0).clip(_LEAST_DEVIATION))


def empty_perceptron(widths: Sequence[int]) -> Plain:
    """Fully connected layers from `widths` inputs to outputs, with weights that are to be replaced."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return Plain(torch.zeros(widths[0]), torch.ones(widths[0]), nn.Sequential(*layers[:-1]))


def perceptron(network: FloatNetwork, features: npt.NDArray[np.int16]) -> Plain:
    """A fully connected network as a module of the same function; `features` to normalise by, of training clips."""
    module = empty_perceptron(network.widths)
    module.centre, module.deviation = statistics(features)
    linears = [layer for layer in module.layers if isinstance(layer, nn.Linear)]
    for index, (linear, layer) in enumerate(zip(linears, network.layers, strict=True)):
        weights, bias = torch.from_numpy(layer.weights.copy()), torch.from_numpy(layer.bias.copy())
        if index == 0:
            weights, bias = weights * module.deviation, bias + weights @ module.centre
        linear.weight.data, linear.bias.data = weights, bias
    return module


def float_network(module: Plain) -> FloatNetwork:
    """The inverse of `perceptron`: normalisation folded into the first layer."""
    layers: list[FloatLayer] = []
    for linear in module.layers:
        if not isinstance(linear, nn.Linear):
            continue
        weights, bias = (value.detach().numpy().astype(np.float64) for value in (linear.weight, linear.bias))
        if not layers:
            weights = weights / module.deviation.numpy()
            bias = bias - weights @ module.centre.numpy().astype(np.float64)
        layers.append(FloatLayer(weights.astype(np.float32), bias.astype(np.float32)))
    return FloatNetwork(tuple(layers))


def perceptron_chain(module: Plain) -> Chain:
    """What is quantised."""
    network = float_network(module)
    return chain_of(network, (1, 1, network.widths[0]))


def prune_uniformly(module: Plain, keep: float, train: Callable[[Plain], None], steps: int) -> None:
    """Take the weakest neurons and channels out of every layer but the last, until the share `keep` is left.

    In equal steps, each followed by training, in place.
    """
    last = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]
    pruner = torch_pruning.pruner.BasePruner(
        module,
        torch.zeros(1, 1, len(module.centre)),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio=1 - keep,
        iterative_steps=steps,
        ignored_layers=[last],
    )
    for _ in range(steps):
        pruner.step()
        for parameter in module.parameters():
            parameter.grad = None
        train(module)


def prune_weights(module: Plain, keep: float, train: Callable[[Plain], None], steps: int) -> None:
    """Zero the smallest weights of all layers together, until the share `keep` is left.

    In steps of equal ratio, each followed by training, in place.
    """
    weights = [(layer, "weight") for layer in module.modules() if isinstance(layer, nn.Linear | nn.Conv2d)]
    for _ in range(steps):
        # `amount` is of what earlier steps have left.
        prune.global_unstructured(weights, pruning_method=prune.L1Unstructured, amount=1 - keep ** (1 / steps))
        train(module)
    for layer, name in weights:
        prune.remove(layer, name)


def answers(module: nn.Module, features: npt.NDArray[np.int16]) -> npt.NDArray[np.float32]:
    """Logits float32 [n, classes] of int16 features [n, …]."""
    flat = torch.from_numpy(features.reshape(len(features), 1, -1))
    with torch.no_grad():
        parts = [module(part.float() * FEATURE_SCALE) for part in flat.split(_BATCH)]
    return np.asarray(torch.cat(parts).numpy(), np.float32)
