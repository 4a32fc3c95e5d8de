"""Training of convolutional networks with PyTorch, and their way to plain arrays with batch normalisation folded.

Batch normalisation: S. Ioffe and C. Szegedy (arXiv:1502.03167); folding as in B. Jacob et al., CVPR 2018
(arXiv:1712.05877): γ (W x − μ) / √(σ² + ε) + β is a convolution with other weights and a bias.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ..application import Application
from ..convolutions import ConvStep, conv_steps
from .network import FEATURE_SCALE, FloatLayer, FloatNetwork, widths_of
from .trainer import Regularisation, TrainingSet, dense_forward, initial_layers, optimise
from .trunk import FloatConv, FloatTrunk

_STATISTICS_ROWS, _STATISTICS_BATCH = 1024, 128


class ConvBlock(nn.Module):
    """A convolution without bias, batch normalisation, ReLU."""

    def __init__(self, step: ConvStep, chance: torch.Generator) -> None:
        super().__init__()
        inputs, outputs = step.input_shape[2], step.output_shape[2]
        groups = inputs if step.depthwise else 1
        self.padding = (step.padding[2], step.padding[3], step.padding[0], step.padding[1])
        self.conv = nn.Conv2d(inputs, outputs, step.kernel, step.stride, groups=groups, bias=False)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu", generator=chance)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """[n, channels, height, width] to the same of the output."""
        return torch.relu(self.norm(self.conv(functional.pad(images, self.padding))))


class ConvNetwork(nn.Module):
    """Convolutions, the mean over all places, fully connected layers; takes octaves [n, frames, bands].

    Every kernel of the first convolution sums to zero (`level`), so that a change of level, the same constant
    everywhere in log energy, is not heard but at the borders.
    """

    def __init__(self, steps: Sequence[ConvStep], widths: tuple[int, ...], chance: torch.Generator) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", torch.zeros(()))
        self.register_buffer("deviation", torch.ones(()))
        self.trunk = nn.ModuleList(ConvBlock(step, chance) for step in steps)
        self.head = nn.ModuleList(initial_layers(widths, chance))
        self.level()

    def level(self) -> None:
        """Take the mean out of each kernel of the first convolution."""
        first = self.trunk[0]
        assert isinstance(first, ConvBlock)
        weight = first.conv.weight
        weight.data -= weight.data.mean(dim=(1, 2, 3), keepdim=True)

    def features(self, octaves: torch.Tensor) -> torch.Tensor:
        """Means over all places [n, channels]."""
        images = ((octaves - self.mean) / self.deviation).unsqueeze(1)
        for block in self.trunk:
            images = block(images)
        return images.mean(dim=(2, 3))

    def forward(self, octaves: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes], without dropout."""
        value = self.features(octaves)
        for layer in self.head[:-1]:
            value = torch.relu(layer(value))
        logits: torch.Tensor = self.head[-1](value)
        return logits


def make_network(application: Application, data: TrainingSet, seed: int) -> ConvNetwork:
    """An application's convolutional network with random weights, normalised by the training side."""
    steps = conv_steps(application.network.layers, application.frames, application.frontend.mel_bands)
    network = ConvNetwork(steps, widths_of(application), torch.Generator().manual_seed(seed))
    octaves = data.features.astype(np.float64) * FEATURE_SCALE
    network.mean.fill_(float(octaves.mean()))
    network.deviation.fill_(max(float(octaves.std()), 0.1))
    return network


def train_convolutional(
    application: Application, data: TrainingSet, *, seed: int, regularisation: Regularisation
) -> FloatNetwork:
    """Train one network; call inside `deterministic()`.

    Args:
        data: the training side only.
        seed: of initial weights, sampling, variation, dropout.

    Raises:
        ModelFault: the loss is no number any more.
    """
    network = make_network(application, data, seed)
    fit_convolutional(network, application, data, seed=seed, regularisation=regularisation)
    return export(network, conv_steps(application.network.layers, application.frames, application.frontend.mel_bands))


def fit_convolutional(
    network: ConvNetwork, application: Application, data: TrainingSet, *, seed: int, regularisation: Regularisation
) -> None:
    """Train `network` in place; it then holds the running mean of its weights; statistics fit it."""
    chance = torch.Generator().manual_seed(seed)
    head = [layer for layer in network.head if isinstance(layer, nn.Linear)]
    parameters = list(network.parameters())

    def answer(octaves: torch.Tensor) -> torch.Tensor:
        return dense_forward(head, network.features(octaves), chance, regularisation.dropout)

    network.train()
    average = optimise(
        data,
        application.train,
        parameters,
        answer,
        chance,
        regularisation,
        after_step=network.level,
    )
    for parameter, mean in zip(parameters, average, strict=True):
        parameter.data.copy_(mean)
    measure_statistics(network, data, chance)
    network.eval()


def measure_statistics(network: ConvNetwork, data: TrainingSet, chance: torch.Generator) -> None:
    """Means and variances of all batch normalisations over rows drawn as in training: those that the running means of
    the weights need were never seen."""
    drawn = torch.multinomial(torch.from_numpy(data.weights), _STATISTICS_ROWS, replacement=True, generator=chance)
    rows = torch.from_numpy(data.features[drawn.numpy()].astype(np.float32) * np.float32(FEATURE_SCALE))
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    network.train()
    with torch.no_grad():
        for batch in rows.split(_STATISTICS_BATCH):
            network(batch)


def export(network: ConvNetwork, steps: Sequence[ConvStep]) -> FloatNetwork:
    """The network as arrays that take features × 2^-8; normalisations are folded in float64 and rounded once."""
    convolutions = []
    for index, (block, step) in enumerate(zip(network.trunk, steps, strict=True)):
        assert isinstance(block, ConvBlock)
        weights, bias = _folded(block)
        pad = 0.0
        if index == 0:
            pad, deviation = float(network.mean), float(network.deviation)
            weights = weights / deviation
            bias = bias - weights.sum(axis=(1, 2, 3)) * pad
        convolutions.append(FloatConv(weights.astype(np.float32), bias.astype(np.float32), step, pad))
    layers = [
        FloatLayer(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
        for layer in network.head
        if isinstance(layer, nn.Linear)
    ]
    return FloatNetwork(tuple(layers), FloatTrunk(tuple(convolutions)))


def _folded(block: ConvBlock) -> tuple[np.ndarray, np.ndarray]:
    """Weights [outputs, kernel height, kernel width, reads] and bias [outputs], float64."""
    norm = block.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance, gain, shift = (
        value.detach().numpy().astype(np.float64)
        for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    factor = gain / np.sqrt(variance + norm.eps)
    weights = block.conv.weight.detach().numpy().astype(np.float64).transpose(0, 2, 3, 1)
    return weights * factor[:, None, None, None], shift - mean * factor
