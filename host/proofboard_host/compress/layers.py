"""A trained network of any shape as plain arrays: what compression quantises. Needs no PyTorch.

Layout is that of the `Graph`: values are [clips, height, width, channels], or [clips, n] where a layer flattens them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..train.network import FEATURE_SCALE, FloatNetwork

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Codes:
    """Weights that training has already put on a grid.

    values int8, shaped as the layer's weights; scale float64 [outputs], > 0: weight = value × scale; `bits` 8, 4 or 2.
    """

    values: npt.NDArray[np.int8]
    scale: Float64
    bits: int

    def shaped(self, shape: tuple[int, ...]) -> Codes:
        """The same codes in another shape."""
        return Codes(self.values.reshape(shape), self.scale, self.bits)


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """Fully connected: weights float64 [outputs, inputs], bias [outputs]; `relu` follows or not."""

    weights: Float64
    bias: Float64
    relu: bool
    codes: Codes | None = None


@dataclass(frozen=True, eq=False)
class ConvLayer:
    """Convolution without padding: weights float64 [outputs, kernel height, kernel width, inputs], bias [outputs]."""

    weights: Float64
    bias: Float64
    stride: tuple[int, int]
    relu: bool
    codes: Codes | None = None


@dataclass(frozen=True)
class MaxPoolLayer:
    """The largest of each window; windows lie side by side, what is left over at the end is not read."""

    kernel: tuple[int, int]


Layer = DenseLayer | ConvLayer | MaxPoolLayer


@dataclass(frozen=True, eq=False)
class Chain:
    """Layers one after the other, from features × 2^-8 to one logit a class.

    Args:
        shape: (height, width, channels) of the features: frames, 1, mel bands.
        layers: the last is a `DenseLayer` without ReLU.
    """

    shape: tuple[int, int, int]
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.layers or not isinstance(self.layers[-1], DenseLayer) or self.layers[-1].relu:
            raise ModelFault("a network must end in a fully connected layer without ReLU")
        for index, layer in enumerate(self.layers):
            if isinstance(layer, MaxPoolLayer):
                continue
            if not (np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()):
                raise ModelFault("a weight is not finite", where=f"layer {index + 1}", hint="lower the learning rate")

    def outputs(self, features: npt.NDArray[np.int16]) -> list[Float64]:
        """Outputs of every layer for int16 features [clips, …]; raises ValueError where shapes do not meet."""
        value = features.reshape(len(features), *self.shape).astype(np.float64) * FEATURE_SCALE
        results = []
        for layer in self.layers:
            value = apply(layer, value)
            results.append(value)
        return results


def chain_of(network: FloatNetwork, shape: tuple[int, int, int]) -> Chain:
    """A fully connected network as a chain; `shape` of its features."""
    last = len(network.layers) - 1
    return Chain(
        shape,
        tuple(
            DenseLayer(layer.weights.astype(np.float64), layer.bias.astype(np.float64), relu=index < last)
            for index, layer in enumerate(network.layers)
        ),
    )


def apply(layer: Layer, value: Float64) -> Float64:
    """One layer on a batch."""
    if isinstance(layer, MaxPoolLayer):
        return np.asarray(windows(value, layer.kernel, layer.kernel).max(axis=(3, 4)))
    read = products_read(layer, value)
    rows = layer.weights.reshape(len(layer.weights), -1)
    result = read @ rows.T + layer.bias
    return np.maximum(result, 0) if layer.relu else np.asarray(result)


def products_read(layer: DenseLayer | ConvLayer, value: Float64) -> Float64:
    """What each output of a layer multiplies with its row of weights, [clips, products] or [clips, h, w, products]."""
    if isinstance(layer, DenseLayer):
        return value.reshape(len(value), -1)
    kernel = (layer.weights.shape[1], layer.weights.shape[2])
    patches = windows(value, kernel, layer.stride)
    return patches.reshape(*patches.shape[:3], -1)


def windows(value: Float64, kernel: tuple[int, int], stride: tuple[int, int]) -> Float64:
    """Windows of [clips, height, width, channels]: [clips, rows, columns, kernel height, kernel width, channels]."""
    view = np.lib.stride_tricks.sliding_window_view(value, kernel, axis=(1, 2))
    return np.asarray(view[:, :: stride[0], :: stride[1]].transpose(0, 1, 2, 4, 5, 3))
