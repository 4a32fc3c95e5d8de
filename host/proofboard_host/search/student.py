"""The small network of a candidate as a PyTorch module, its training, and its way back to plain arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from ..compress.layers import Chain, ConvLayer, DenseLayer, Layer, MaxPoolLayer
from ..errors import ModelFault
from ..train.network import FEATURE_SCALE, FloatLayer, fold_normalisation
from .candidate import Candidate, Gather

_CHECKED_EVERY = 50  # steps between two looks at the loss
_TEMPERATURE = 3.0


@dataclass(frozen=True)
class Geometry:
    """What a student sees: `frames` × `bands` features, `kernel` frames at a place, places `stride` frames apart."""

    frames: int
    bands: int
    kernel: int
    stride: int

    @property
    def places(self) -> int:
        """How often the first layer is applied."""
        return 1 + (self.frames - self.kernel) // self.stride

    @property
    def patch(self) -> int:
        """Features of one place."""
        return self.kernel * self.bands

    def patches(self, features: torch.Tensor) -> torch.Tensor:
        """Octaves float32 [n, places, patch] of int16 features [n, frames, bands]."""
        flat = features.flatten(1).float() * FEATURE_SCALE
        return flat.unfold(1, self.patch, self.stride * self.bands)


class Student(nn.Module):
    """First layer at every place, what `gather` says of its answers, ReLU, then the head.

    A place's own level is taken away, so no level can be heard: as in training of the baseline, it folds into the
    weights of the first layer.
    """

    def __init__(
        self,
        mean: torch.Tensor,
        deviation: torch.Tensor,
        first: nn.Linear,
        head: Sequence[nn.Linear],
        gather: Gather,
    ) -> None:
        super().__init__()
        self.mean: torch.Tensor
        self.deviation: torch.Tensor
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.factors = nn.ModuleList([first])  # two, whose product it is, where it is of low rank
        self.head = nn.ModuleList(head)
        self.gather = gather

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes] of octaves [n, places, patch]."""
        value = (patches - patches.mean(-1, keepdim=True) - self.mean) / self.deviation
        for factor in self.factors:
            value = factor(value)
        value = gathered(value, self.gather)
        for layer in self.head:
            value = layer(torch.relu(value))
        return value


def gathered(answers: torch.Tensor, gather: Gather) -> torch.Tensor:
    """Answers [n, places, channels] of the first layer as the head reads them [n, channels or places × channels]."""
    return answers.amax(1) if gather == "largest" else answers.flatten(1)


def make_student(
    candidate: Candidate, geometry: Geometry, rows: npt.NDArray[np.int16], classes: int, chance: torch.Generator
) -> Student:
    """A student of `candidate.grown` channels with random weights; `rows` int16 [n, frames, bands] to normalise by."""
    patches = geometry.patches(torch.from_numpy(rows))
    patches = patches - patches.mean(-1, keepdim=True)
    mean, deviation = patches.mean((0, 1)), patches.std((0, 1)).clamp(min=0.1)
    first = _linear(geometry.patch, candidate.grown, chance)
    read = candidate.grown * (geometry.places if candidate.gather == "places" else 1)
    widths = [read, *([candidate.hidden] if candidate.hidden else []), classes]
    head = [_linear(inputs, outputs, chance) for inputs, outputs in pairwise(widths)]
    return Student(mean, deviation, first, head, candidate.gather)


def _linear(inputs: int, outputs: int, chance: torch.Generator) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=chance)
    nn.init.zeros_(layer.bias)
    return layer


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a network learns.

    features int16 [rows, frames, bands]; target float32 [rows, classes], probabilities; draw float64 [rows]: how often.
    Where there is a teacher: its logits `answers` float32 [rows, classes], and `trust` float32 [rows], their share in
    what is learnt, 0..1.
    """

    features: torch.Tensor
    target: torch.Tensor
    draw: torch.Tensor
    answers: torch.Tensor | None = None
    trust: torch.Tensor | None = None

    def loss(self, logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Mean over `rows` of the cross entropy to the target and, at `_TEMPERATURE`, to the teacher's answers.

        The square of the temperature keeps the teacher's gradients as large as the labels' (Hinton et al.,
        arXiv:1503.02531). A higher one hears how sure the teacher is of what it is sure of.
        """
        if self.answers is None or self.trust is None:
            return functional.cross_entropy(logits, self.target.index_select(0, rows))
        labelled = functional.cross_entropy(logits, self.target.index_select(0, rows), reduction="none")
        softened = torch.softmax(self.answers.index_select(0, rows) / _TEMPERATURE, 1)
        taught = functional.cross_entropy(logits / _TEMPERATURE, softened, reduction="none") * _TEMPERATURE**2
        return torch.lerp(labelled, taught, self.trust.index_select(0, rows)).mean()


@dataclass(frozen=True)
class Effort:
    """How long and how hard a network is trained: AdamW, a short rise and half a cosine, a running mean of weights."""

    steps: int
    rate: float
    batch: int = 256
    decay: float = 0.2
    averaging: float = 0.99


def fit(model: nn.Module, geometry: Geometry, lessons: Lessons, effort: Effort, chance: torch.Generator) -> float:
    """Train `model` in place; it then holds the mean of its last weights.

    Returns:
        The mean loss of the last fifth.

    Raises:
        ModelFault: the loss is no number any more.
    """
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    average = [parameter.detach().clone() for parameter in parameters]
    optimiser = torch.optim.AdamW(parameters, lr=effort.rate, weight_decay=effort.decay, fused=True)
    drawn = torch.multinomial(lessons.draw, effort.steps * effort.batch, replacement=True, generator=chance)
    tail: list[torch.Tensor] = []
    for step, rows in enumerate(drawn.split(effort.batch)):
        for group in optimiser.param_groups:
            group["lr"] = effort.rate * _share(step, effort.steps)
        logits = model(geometry.patches(lessons.features.index_select(0, rows)))
        loss = lessons.loss(logits, rows)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        torch._foreach_lerp_(average, [p.detach() for p in parameters], 1 - min(effort.averaging, step / (step + 10)))
        last = step + 1 == effort.steps
        if (step % _CHECKED_EVERY == 0 or last) and not math.isfinite(loss.item()):
            raise ModelFault(
                f"the loss is {loss.item()} at step {step + 1} of {effort.steps}",
                where="training",
                hint="the recordings may hold values far out of range, or the learning rate is too high",
            )
        if step >= 0.8 * effort.steps:
            tail.append(loss.detach())
    for parameter, mean in zip(parameters, average, strict=True):
        parameter.data.copy_(mean)
    return float(torch.stack(tail).mean())


def _share(step: int, total: int) -> float:
    """Learning rate over its top."""
    rise = min(1.0, (step + 1) / max(1.0, total / 20))
    return rise * 0.5 * (1 + math.cos(math.pi * step / total))


def export(student: Student, geometry: Geometry) -> Chain:
    """The student as layers that take features × 2^-8."""
    plain = [_arrays(layer) for layer in (*student.factors, *student.head)]
    mean, deviation = (getattr(student, name).numpy().astype(np.float32) for name in ("mean", "deviation"))
    plain[0] = fold_normalisation(plain[0], mean, deviation)
    return chain_from(plain, len(student.factors), geometry, student.gather)


def chain_from(plain: Sequence[FloatLayer], factors: int, geometry: Geometry, gather: Gather) -> Chain:
    """Layers in the order of `Student`, of which the first `factors` are applied at every place."""
    layers: list[Layer] = []
    for index, layer in enumerate(plain):
        weights, bias = layer.weights.astype(np.float64), layer.bias.astype(np.float64)
        relu = factors - 1 <= index < len(plain) - 1
        if index >= factors or geometry.places == 1:
            layers.append(DenseLayer(weights, bias, relu))
            continue
        kernel, width = (geometry.kernel, geometry.bands) if index == 0 else (1, weights.shape[1])
        stride = geometry.stride if index == 0 else 1
        layers.append(ConvLayer(weights.reshape(len(weights), kernel, 1, width), bias, (stride, 1), relu))
        if index == factors - 1 and gather == "largest":
            layers.append(MaxPoolLayer((geometry.places, 1)))
    return Chain((geometry.frames, 1, geometry.bands), tuple(layers))


def _arrays(layer: nn.Module) -> FloatLayer:
    assert isinstance(layer, nn.Linear)
    return FloatLayer(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
