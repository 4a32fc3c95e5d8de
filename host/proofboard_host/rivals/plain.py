"""A user's own network as a PyTorch module, and what one does to it without this project: prune it, train it on.

Uniform pruning takes the same share of neurons out of every layer, by torch-pruning (G. Fang et al., arXiv:2301.12900).
Magnitude pruning zeroes the smallest weights of the whole network (S. Han et al., NIPS 2015, arXiv:1506.02626), by
`torch.nn.utils.prune`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch_pruning
from torch import nn
from torch.nn.utils import prune

from ..convolutions import ConvStep, Padding
from ..train.network import FEATURE_SCALE, FloatLayer, FloatNetwork
from ..train.trunk import FloatConv, FloatTrunk

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


def plain(network: FloatNetwork, features: npt.NDArray[np.int16]) -> Plain:
    """A network as a module of the same function.

    Args:
        features: int16 [n, …], of training clips: what the first layer reads is normalised by them.
    """
    octaves = features.reshape(len(features), -1).astype(np.float32) * np.float32(FEATURE_SCALE)
    if network.trunk is None:
        centre, deviation = octaves.mean(0), octaves.std(0).clip(_LEAST_DEVIATION)
        shift = network.layers[0].weights @ centre
        first = FloatLayer(network.layers[0].weights * deviation, network.layers[0].bias + shift)
        return Plain(_tensor(centre), _tensor(deviation), nn.Sequential(*_dense((first, *network.layers[1:]))))
    # One number for all places: kernels slide over them. Padding, which holds this centre, then is zero.
    centre = np.full(octaves.shape[1], network.trunk.convolutions[0].pad, np.float32)
    deviation = np.full(octaves.shape[1], octaves.std(), np.float32)
    layers: list[nn.Module] = [nn.Unflatten(1, (1, *network.trunk.shape[:2]))]
    for index, convolution in enumerate(network.trunk.convolutions):
        layers += _convolution(convolution, float(octaves.std()) if index == 0 else 1.0)
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), *_dense(network.layers)]
    return Plain(_tensor(centre), _tensor(deviation), nn.Sequential(*layers))


def _tensor(values: npt.NDArray[np.floating]) -> torch.Tensor:
    return torch.from_numpy(np.array(values, np.float32))


def _dense(layers: Sequence[FloatLayer]) -> list[nn.Module]:
    modules: list[nn.Module] = []
    for layer in layers:
        linear = nn.Linear(layer.weights.shape[1], layer.weights.shape[0])
        linear.weight.data, linear.bias.data = _tensor(layer.weights), _tensor(layer.bias)
        modules += [linear, nn.ReLU()]
    return modules[:-1]


def _convolution(convolution: FloatConv, deviation: float) -> list[nn.Module]:
    """Padding, convolution, ReLU; what it reads has been divided by `deviation`, and its padding has become zero."""
    step = convolution.step
    inputs, outputs = step.input_shape[2], step.output_shape[2]
    top, bottom, left, right = step.padding
    module = nn.Conv2d(inputs, outputs, step.kernel, step.stride, groups=inputs if step.depthwise else 1)
    shift = convolution.weights.sum(axis=(1, 2, 3)) * convolution.pad
    module.weight.data = _tensor(convolution.weights.transpose(0, 3, 1, 2) * deviation)
    module.bias = nn.Parameter(_tensor(convolution.bias + shift))
    return [nn.ZeroPad2d((left, right, top, bottom)), module, nn.ReLU()]


def float_network(module: Plain) -> FloatNetwork:
    """The inverse of `plain`, with the layers as pruning has left them; normalisation folded into the first."""
    centre, deviation = (value.numpy().astype(np.float64) for value in (module.centre, module.deviation))
    shape: tuple[int, int, int] | None = None
    padding = (0, 0, 0, 0)
    layers: list[FloatLayer] = []
    convolutions: list[FloatConv] = []
    for part in module.layers:
        if isinstance(part, nn.Unflatten):
            shape = (part.unflattened_size[1], part.unflattened_size[2], 1)
        elif isinstance(part, nn.ZeroPad2d):
            left, right, top, bottom = part.padding
            padding = (top, bottom, left, right)
        elif isinstance(part, nn.Conv2d):
            assert shape is not None
            scale, pad = (deviation[0], float(centre[0])) if not convolutions else (1.0, 0.0)
            convolutions.append(_float_convolution(part, shape, padding, scale, pad))
            shape = convolutions[-1].step.output_shape
        elif isinstance(part, nn.Linear):
            weights, bias = _arrays(part)
            if not layers and not convolutions:
                weights = weights / deviation
                bias = bias - weights @ centre
            layers.append(FloatLayer(weights.astype(np.float32), bias.astype(np.float32)))
    return FloatNetwork(tuple(layers), FloatTrunk(tuple(convolutions)) if convolutions else None)


def _float_convolution(
    module: nn.Conv2d, shape: tuple[int, int, int], padding: Padding, deviation: float, pad: float
) -> FloatConv:
    weights, bias = _arrays(module)
    weights = weights.transpose(0, 2, 3, 1) / deviation
    bias = bias - weights.sum(axis=(1, 2, 3)) * pad
    kernel, stride = ((int(pair[0]), int(pair[1])) for pair in (module.kernel_size, module.stride))
    height = 1 + (shape[0] + padding[0] + padding[1] - kernel[0]) // stride[0]
    width = 1 + (shape[1] + padding[2] + padding[3] - kernel[1]) // stride[1]
    depthwise = module.groups > 1 or (module.in_channels == module.out_channels == 1)
    step = ConvStep(depthwise, kernel, stride, padding, shape, (height, width, module.out_channels))
    return FloatConv(weights.astype(np.float32), bias.astype(np.float32), step, pad)


def _arrays(module: nn.Linear | nn.Conv2d) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    assert module.bias is not None
    weights, bias = (value.detach().numpy().astype(np.float64) for value in (module.weight, module.bias))
    return weights, bias


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
