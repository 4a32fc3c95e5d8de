"""Pruning of the application's own convolutional network: of every fold's, and of that from all clips.

Channels go by torch-pruning's dependency graph (G. Fang et al., "DepGraph", CVPR 2023, arXiv:2301.12900), which takes a
channel out of every layer that knows of it, depthwise ones included; the weakest by the norm of all its weights first.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import nn
from torch.nn import functional

from ..application import Application
from ..compress.integer import Quantisation, quantise_chain
from ..compress.layers import chain_of
from ..compress.sensitivity import WIDTHS, choose_bits, measure_sensitivity
from ..convolutions import ConvStep
from ..frontend.specification import build_specification
from ..graph import reference
from ..graph.graph import Graph
from ..predict.memory import predict_rom
from ..train.crossval import STEPS_PER_EPOCH, draw_weights
from ..train.material import WORKERS, Material
from ..train.network import FloatLayer, FloatNetwork
from ..train.trainer import Regularisation, TrainingSet, dense_forward, deterministic, optimise
from ..train.trunk import FloatConv, FloatTrunk
from .operating_point import matching_shift, shift_logit
from .pruned import Pruned
from .store import Compressed

_CALIBRATION_ROWS, _SENSITIVITY_ROWS = 500, 100
_EPOCHS_SHARE, _RATE_SHARE = 1 / 6, 1 / 3  # of the training, behind each step of pruning
_WIDE, _FOUR = 8, 4  # layers of so many channels keep multiples of four, which kernels are fastest with


class FoldedNetwork(nn.Module):
    """A trained network with its normalisations folded, ready to be pruned; takes octaves [n, frames, bands]."""

    def __init__(self, network: FloatNetwork) -> None:
        super().__init__()
        assert network.trunk is not None
        self.steps = [convolution.step for convolution in network.trunk.convolutions]
        self.pads = [convolution.pad for convolution in network.trunk.convolutions]
        self.convs = nn.ModuleList(_conv(convolution) for convolution in network.trunk.convolutions)
        self.head = nn.ModuleList(_linear(layer) for layer in network.layers)

    def features(self, octaves: torch.Tensor) -> torch.Tensor:
        """Means over all places [n, channels]."""
        images = octaves.unsqueeze(1)
        for conv, step, pad in zip(self.convs, self.steps, self.pads, strict=True):
            top, bottom, left, right = step.padding
            images = torch.relu(conv(functional.pad(images, (left, right, top, bottom), value=pad)))
        return images.mean(dim=(2, 3))

    def forward(self, octaves: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes]."""
        value = self.features(octaves)
        for layer in self.head[:-1]:
            value = torch.relu(layer(value))
        logits: torch.Tensor = self.head[-1](value)
        return logits

    def level(self) -> None:
        """Take the mean out of each kernel of the first convolution, so that level is not heard."""
        weight = self.convolution(0).weight
        weight.data -= weight.data.mean(dim=(1, 2, 3), keepdim=True)

    def convolution(self, index: int) -> nn.Conv2d:
        """The convolution of that place."""
        conv = self.convs[index]
        assert isinstance(conv, nn.Conv2d)
        return conv

    def export(self) -> FloatNetwork:
        """As plain arrays."""
        convolutions = []
        shape = self.steps[0].input_shape
        for index, (step, pad) in enumerate(zip(self.steps, self.pads, strict=True)):
            conv = self.convolution(index)
            weights = conv.weight.detach().numpy().transpose(0, 2, 3, 1)
            output = (*step.output_shape[:2], len(weights))
            now = dataclasses.replace(step, input_shape=shape, output_shape=output)
            convolutions.append(FloatConv(np.ascontiguousarray(weights), _bias(conv), now, pad))
            shape = output
        layers = [layer for layer in self.head if isinstance(layer, nn.Linear)]
        dense = tuple(FloatLayer(layer.weight.detach().numpy().copy(), _bias(layer)) for layer in layers)
        return FloatNetwork(dense, FloatTrunk(tuple(convolutions)))


def prune_to(network: FoldedNetwork, steps: Sequence[ConvStep], share: float) -> None:
    """Take the weakest channels out, in place, until each convolution has `share` of those that `steps` give it."""
    ratios: dict[nn.Module, float] = {}
    for index, step in enumerate(steps):
        conv, channels = network.convolution(index), step.output_shape[2]
        if not step.depthwise:  # a depthwise layer follows the one before it
            exact = channels * share
            keep = max(_FOUR, _FOUR * round(exact / _FOUR)) if channels >= _WIDE else max(2, round(exact))
            ratios[conv] = max(0.0, 1 - keep / conv.out_channels)
    frames, bands, _ = steps[0].input_shape
    pruner = torch_pruning.pruner.BasePruner(
        network,
        torch.zeros(1, frames, bands),
        importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
        pruning_ratio_dict=ratios,
        pruning_ratio=0.0,
        ignored_layers=[layer for layer in network.head if isinstance(layer, nn.Linear)],
    )
    pruner.step()
    for parameter in network.parameters():
        parameter.grad = None


_Key = tuple[int, tuple[float, ...], int | None]


@dataclass(frozen=True, eq=False)
class OwnBench:
    """All that pruning needs.

    Attributes:
        teachers: the baseline of each fold, then that of all clips.
        positives: clips that the baseline calls positive, out of fold.
        pruned: networks by seed, shares and side: a step goes on from the one before it.
    """

    application: Application
    material: Material
    teachers: Sequence[FloatNetwork]
    positives: int
    pruned: dict[_Key, FoldedNetwork] = field(default_factory=dict)

    def make(self, candidate: Pruned, seed: int) -> Compressed:
        """Prune, fine-tune and quantise for every side.

        Raises:
            ModelFault: training diverged, or a layer can't be held in integers.
        """
        folds = self.application.train.folds
        sides: list[int | None] = [*range(folds), None]
        with deterministic(), ThreadPoolExecutor(WORKERS) as pool:
            graphs = list(pool.map(lambda side: self._side(candidate, side, seed), sides))
        positive = self.application.data.classes.index(self.application.data.positive)
        logits, scales = self._held_out(graphs[:folds])
        shift = matching_shift(logits * scales[:, None], positive, self.positives)
        shifted = [shift_logit(graph, positive, shift) for graph in graphs]
        return Compressed(shifted[folds], None, *self._held_out(shifted[:folds]))

    def _held_out(self, graphs: Sequence[Graph]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        material = self.material
        logits = np.zeros((material.clips, len(self.application.data.classes)), np.int32)
        scales = np.zeros(material.clips, np.float64)
        for fold, graph in enumerate(graphs):
            rows = material.held_out(fold)
            logits[rows] = reference.run(graph, material.features[rows]).logits
            scales[rows] = graph.output.scale
        return logits, scales

    def _side(self, candidate: Pruned, side: int | None, seed: int) -> Graph:
        network = self._pruned(candidate.shares, side, seed).export()
        chain = chain_of(network, (1, 1, network.inputs))
        features = self.material.features[self.material.side(side)]
        few = features[:: max(1, len(features) // _SENSITIVITY_ROWS)]
        layers = measure_sensitivity(chain, few)
        calibration = features[:: max(1, len(features) // _CALIBRATION_ROWS)]
        classes = self.application.data.classes
        # Each width has kernels of its own: fewer bits pay where they save more than the code of their kernels.
        every = {choose_bits(layers, allowed=candidate.allowed, widths=WIDTHS[:count]) for count in range(1, 4)}
        graphs = [
            quantise_chain(chain, calibration, Quantisation(bits, "second_order"), name="compressed", classes=classes)
            for bits in sorted(every)
        ]
        specification = build_specification(self.application)
        return min(graphs, key=lambda graph: predict_rom(graph, specification))

    def _pruned(self, shares: tuple[float, ...], side: int | None, seed: int) -> FoldedNetwork:
        """The network behind all these steps; known ones are not trained again."""
        known = self.pruned.get((seed, shares, side))
        if known is not None:
            return known
        index = self.application.train.folds if side is None else side
        teacher = self.teachers[index]
        if not shares:
            return FoldedNetwork(teacher)
        assert teacher.trunk is not None
        network = copy.deepcopy(self._pruned(shares[:-1], side, seed))
        prune_to(network, [convolution.step for convolution in teacher.trunk.convolutions], shares[-1])
        self._fine_tune(network, side, (seed * 1000 + index) * 100 + len(shares))
        self.pruned[seed, shares, side] = network
        return network

    def _fine_tune(self, network: FoldedNetwork, side: int | None, seed: int) -> None:
        material, section = self.material, self.application.train
        rows = material.side(side)
        weights = draw_weights(self.application, material, rows)
        data = TrainingSet(material.features[rows], material.labels[rows], weights, STEPS_PER_EPOCH)
        epochs = max(1, round(section.epochs * _EPOCHS_SHARE))
        shorter = dataclasses.replace(section, epochs=epochs, learning_rate=section.learning_rate * _RATE_SHARE)
        chance, regularisation = torch.Generator().manual_seed(seed), Regularisation()
        head = [layer for layer in network.head if isinstance(layer, nn.Linear)]

        def answer(octaves: torch.Tensor) -> torch.Tensor:
            return dense_forward(head, network.features(octaves), chance, regularisation.dropout)

        parameters = list(network.parameters())
        average = optimise(data, shorter, parameters, answer, chance, regularisation, after_step=network.level)
        for parameter, mean in zip(parameters, average, strict=True):
            parameter.data.copy_(mean)


def _conv(convolution: FloatConv) -> nn.Conv2d:
    step = convolution.step
    inputs, outputs = step.input_shape[2], step.output_shape[2]
    conv = nn.Conv2d(inputs, outputs, step.kernel, step.stride, groups=inputs if step.depthwise else 1)
    conv.weight.data = torch.from_numpy(np.ascontiguousarray(convolution.weights.transpose(0, 3, 1, 2)))
    assert conv.bias is not None
    conv.bias.data = torch.from_numpy(convolution.bias.copy())
    return conv


def _linear(layer: FloatLayer) -> nn.Linear:
    linear = nn.Linear(layer.weights.shape[1], layer.weights.shape[0])
    linear.weight.data, linear.bias.data = torch.from_numpy(layer.weights.copy()), torch.from_numpy(layer.bias.copy())
    return linear


def _bias(layer: nn.Conv2d | nn.Linear) -> npt.NDArray[np.float32]:
    assert layer.bias is not None
    return np.asarray(layer.bias.detach().numpy().copy(), np.float32)
