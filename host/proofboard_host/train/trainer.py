"""Training of one network in float32 with PyTorch: seeded, deterministic, on one thread.

One thread makes the order of every sum a property of the program and not of the machine; the folds run beside each
other instead (`crossval.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ..application import TrainSection
from ..errors import ModelFault
from .network import FEATURE_SCALE, FloatLayer, FloatNetwork, fold_normalisation, without_level
from .variation import Variation, vary


@dataclass(frozen=True)
class Regularisation:
    """What keeps the network from learning its few recordings by heart; values chosen by grouped CV.

    Attributes:
        dropout: share of hidden units silenced while training.
        weight_decay: of AdamW.
        label_smoothing: share of the target spread over all classes.
        variation: ranges of the augmentation of every batch.
        averaging: decay per step of the running mean of weights that is exported.
    """

    dropout: float = 0.15
    weight_decay: float = 0.05
    label_smoothing: float = 0.02
    variation: Variation = field(default_factory=Variation)
    averaging: float = 0.995


@dataclass(frozen=True)
class TrainingSet:
    """Features to train on and how often each is drawn.

    Attributes:
        features: int16 [n, frames, bands].
        labels: class index [n].
        weights: relative probability of being drawn [n], > 0.
        steps_per_epoch: batches that count as one epoch.
    """

    features: npt.NDArray[np.int16]
    labels: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    steps_per_epoch: int


@contextmanager
def deterministic() -> Iterator[None]:
    """One thread and deterministic algorithms while inside; what was set before comes back."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(strict)
        torch.set_num_threads(threads)


def train(
    data: TrainingSet,
    widths: tuple[int, ...],
    section: TrainSection,
    *,
    seed: int,
    regularisation: Regularisation = Regularisation(),
) -> FloatNetwork:
    """Train one network; call inside `deterministic()`.

    Args:
        data: the training side only; mean and deviation of every band, less the clip's level, are taken from it.
        widths: inputs, hidden layers, classes.
        section: epochs, batch, learning rate.
        seed: of initial weights, sampling, variation, dropout.

    Returns:
        The network that takes features × 2^-8.
    """
    chance = torch.Generator().manual_seed(seed)
    mean, deviation = _band_statistics(data.features)
    layers = initial_layers(widths, chance)
    parameters = [parameter for layer in layers for parameter in (layer.weight, layer.bias)]
    centre, spread = torch.from_numpy(mean), torch.from_numpy(deviation)

    def answer(octaves: torch.Tensor) -> torch.Tensor:
        inputs = octaves.flatten(1)
        inputs = (inputs - inputs.mean(1, keepdim=True) - centre) / spread
        return dense_forward(layers, inputs, chance, regularisation.dropout)

    average = optimise(data, section, parameters, answer, chance, regularisation)
    arrays = [value.numpy() for value in average]
    trained = [FloatLayer(arrays[index], arrays[index + 1]) for index in range(0, len(arrays), 2)]
    trained[0] = fold_normalisation(trained[0], mean, deviation)
    return FloatNetwork(tuple(trained))


def optimise(
    data: TrainingSet,
    section: TrainSection,
    parameters: Sequence[torch.Tensor],
    answer: Callable[[torch.Tensor], torch.Tensor],
    chance: torch.Generator,
    regularisation: Regularisation,
    *,
    after_step: Callable[[], None] = lambda: None,
) -> list[torch.Tensor]:
    """AdamW with a rise and half a cosine, in place.

    Args:
        answer: logits [n, classes] of octaves [n, frames, bands], from `parameters`.
        chance: draws rows and varies them.
        after_step: called behind each change of the parameters.

    Returns:
        Running means of the parameters.

    Raises:
        ModelFault: the loss is no number any more; it says in which epoch.
    """
    rows = torch.from_numpy(data.features.astype(np.float32) * np.float32(FEATURE_SCALE))
    labels = torch.from_numpy(data.labels)
    average = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.AdamW(
        parameters, lr=section.learning_rate, weight_decay=regularisation.weight_decay, fused=True
    )
    total = section.epochs * data.steps_per_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _cosine(step, total))
    draw = torch.from_numpy(data.weights / data.weights.sum())
    step = 0
    for epoch in range(section.epochs):
        drawn = torch.multinomial(draw, section.batch * data.steps_per_epoch, replacement=True, generator=chance)
        for batch in drawn.split(section.batch):
            logits = answer(vary(rows[batch], chance, regularisation.variation))
            loss = functional.cross_entropy(logits, labels[batch], label_smoothing=regularisation.label_smoothing)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            after_step()
            schedule.step()
            step += 1
            # Short at first, or the mean would remember the random start of a short training.
            decay = min(regularisation.averaging, step / (step + 10))
            for slow, fast in zip(average, parameters, strict=True):
                slow.lerp_(fast.detach(), 1 - decay)
        if not math.isfinite(loss.item()):
            raise ModelFault(
                f"the loss is {loss.item()} in epoch {epoch + 1} of {section.epochs}",
                where="training",
                hint=f"take a lower train.learning_rate than {section.learning_rate:g}",
            )
    return average


def _band_statistics(features: npt.NDArray[np.int16]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Mean and deviation of each band, less the clip's level, over clips and frames.

    Repeated for every frame: float32 [frames × bands].
    """
    octaves = without_level(features.astype(np.float64) * FEATURE_SCALE)
    frames = features.shape[1]
    mean, deviation = octaves.mean(axis=(0, 1)), np.maximum(octaves.std(axis=(0, 1)), 0.1)
    return np.tile(mean, frames).astype(np.float32), np.tile(deviation, frames).astype(np.float32)


def initial_layers(widths: tuple[int, ...], chance: torch.Generator) -> list[nn.Linear]:
    """Fully connected layers of these widths, with random weights."""
    layers = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(widths)]
    for layer in layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=chance)
        nn.init.zeros_(layer.bias)
    return layers


def _cosine(step: int, total: int) -> float:
    """Learning rate over its top: a short linear rise, then half a cosine to zero."""
    rise = max(1, total // 20)
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - rise) / max(1, total - rise))))


def dense_forward(
    layers: Sequence[nn.Linear], value: torch.Tensor, chance: torch.Generator, dropout: float
) -> torch.Tensor:
    """Logits of what the first layer reads [n, inputs]; `dropout` is the share of hidden units silenced."""
    for layer in layers[:-1]:
        value = _drop(torch.relu(layer(value)), dropout, chance)
    logits: torch.Tensor = layers[-1](value)
    return logits


def _drop(value: torch.Tensor, share: float, chance: torch.Generator) -> torch.Tensor:
    """Dropout from our own generator: PyTorch's draws from a global one, which threads would share."""
    if share == 0:
        return value
    kept = torch.rand(value.shape, generator=chance) >= share
    return value * kept * (1 / (1 - share))
