"""The trained float32 network as plain arrays: what training gives and compression takes. Needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..convolutions import conv_steps
from ..errors import ModelFault
from .trunk import FloatTrunk

Float32 = npt.NDArray[np.float32]

FEATURE_SCALE = 2.0**-8  # real value of one step of the int16 features: they are in Q8


@dataclass(frozen=True)
class FloatLayer:
    """Fully connected: weights float32 [outputs, inputs], bias float32 [outputs]."""

    weights: Float32
    bias: Float32

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.bias.shape != self.weights.shape[:1]:
            raise ModelFault(f"weights {self.weights.shape} and bias {self.bias.shape} make no layer")
        if self.weights.dtype != np.float32 or self.bias.dtype != np.float32:
            raise ModelFault(f"a layer of {self.weights.dtype} and {self.bias.dtype} is not float32")


@dataclass(frozen=True)
class FloatNetwork:
    """Layers with ReLU between them; takes features × 2^-8 (octaves of energy), gives one logit a class.

    The normalisation of the features is folded into the first layer. `trunk`: convolutions in front of the layers.
    """

    layers: tuple[FloatLayer, ...]
    trunk: FloatTrunk | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ModelFault("a network without a layer")
        for before, after in pairwise(self.layers):
            if before.weights.shape[0] != after.weights.shape[1]:
                raise ModelFault(f"{before.weights.shape[0]} outputs meet {after.weights.shape[1]} inputs")
        if self.trunk is not None and self.trunk.outputs != self.widths[0]:
            raise ModelFault(f"{self.trunk.outputs} channels meet {self.widths[0]} inputs")

    @property
    def inputs(self) -> int:
        """Features that it reads."""
        return self.widths[0] if self.trunk is None else self.trunk.features

    @property
    def widths(self) -> tuple[int, ...]:
        """Inputs of the fully connected layers, then the outputs of each."""
        return (self.layers[0].weights.shape[1], *(layer.weights.shape[0] for layer in self.layers))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return macs(self.widths) + (0 if self.trunk is None else self.trunk.macs)

    def activations(self, features: npt.NDArray[np.int16]) -> tuple[Float32, ...]:
        """Of every fully connected layer, after ReLU but for the last: float32 [n, outputs].

        Args:
            features: int16 [n, …].
        """
        value = features.reshape(len(features), -1).astype(np.float32) * np.float32(FEATURE_SCALE)
        if self.trunk is not None:
            value = self.trunk.forward(value)
        outputs: list[Float32] = []
        for index, layer in enumerate(self.layers):
            value = np.asarray(value @ layer.weights.T + layer.bias, np.float32)
            if index + 1 < len(self.layers):
                value = np.maximum(value, np.float32(0), dtype=np.float32)
            outputs.append(value)
        return tuple(outputs)

    def forward(self, features: npt.NDArray[np.int16]) -> Float32:
        """Logits float32 [n, classes] of int16 features [n, …] (sums in BLAS order: not the target's last bit)."""
        return self.activations(features)[-1]


def widths_of(application: Application) -> tuple[int, ...]:
    """Inputs, hidden widths and classes of the fully connected layers of an application's network."""
    steps = conv_steps(application.network.layers, application.frames, application.frontend.mel_bands)
    inputs = steps[-1].output_shape[2] if steps else application.features
    return (inputs, *application.network.hidden, len(application.data.classes))


def macs(widths: tuple[int, ...]) -> int:
    """Multiply-accumulates of fully connected layers of these widths."""
    return sum(inputs * outputs for inputs, outputs in pairwise(widths))


def without_level(features: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Features [n, …] less the mean of each clip: in log energy a change of level is the same constant everywhere."""
    return features - features.mean(axis=tuple(range(1, features.ndim)), keepdims=True)


def fold_normalisation(layer: FloatLayer, mean: Float32, deviation: Float32) -> FloatLayer:
    """A first layer that takes raw x in place of (`without_level(x)` − mean) / deviation; both [inputs], deviation > 0.

    W (x − 1 1ᵀx / n) is (W − W 1 1ᵀ / n) x: rows of weights that sum to zero. Folded in float64, rounded once.
    """
    weights = layer.weights.astype(np.float64) / deviation.astype(np.float64)
    bias = layer.bias.astype(np.float64) - weights @ mean.astype(np.float64)
    weights -= weights.mean(axis=1, keepdims=True)
    return FloatLayer(weights.astype(np.float32), bias.astype(np.float32))
