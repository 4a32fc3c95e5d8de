"""A trained network of any shape as plain arrays: what compression quantises. Needs no PyTorch.

Layout is that of the `Graph`: values are [clips, height, width, channels], or [clips, n] where a layer flattens them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..train.network import FEATURE_SCALE, FloatNetwork
from ..train.trunk import FloatConv

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
    """Convolution: weights float64 [outputs, kernel height, kernel width, inputs], bias [outputs].

    padding (top, bottom, left, right), filled with the real value `pad`.
    """

    weights: Float64
    bias: Float64
    stride: tuple[int, int]
    relu: bool
    codes: Codes | None = None
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pad: float = 0.0


@dataclass(frozen=True, eq=False)
class DepthwiseLayer:
    """Convolution of each channel with its own kernel: weights float64 [channels, kernel height, kernel width], bias
    [channels]; otherwise like `ConvLayer`."""

    weights: Float64
    bias: Float64
    stride: tuple[int, int]
    relu: bool
    codes: Codes | None = None
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    pad: float = 0.0


@dataclass(frozen=True)
class MaxPoolLayer:
    """The largest of each window; windows lie side by side, what is left over at the end is not read."""

    kernel: tuple[int, int]


@dataclass(frozen=True)
class AveragePoolLayer:
    """The mean of each window, otherwise like `MaxPoolLayer`."""

    kernel: tuple[int, int]


SlidingLayer = ConvLayer | DepthwiseLayer
WeightedLayer = DenseLayer | ConvLayer | DepthwiseLayer
PoolLayer = MaxPoolLayer | AveragePoolLayer
Layer = WeightedLayer | PoolLayer


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
            if isinstance(layer, PoolLayer):
                continue
            if not (np.isfinite(layer.weights).all() and np.isfinite(layer.bias).all()):
                raise ModelFault("a weight is not finite", where=f"layer {index + 1}", hint="lower the learning rate")

    def read(self, features: npt.NDArray[np.int16]) -> Float64:
        """Octaves as the first layer reads them, [clips, height, width, channels]."""
        return features.reshape(len(features), *self.shape).astype(np.float64) * FEATURE_SCALE

    def outputs(self, features: npt.NDArray[np.int16]) -> list[Float64]:
        """Outputs of every layer for int16 features [clips, …]; raises ValueError where shapes do not meet."""
        value = self.read(features)
        results = []
        for layer in self.layers:
            value = apply(layer, value)
            results.append(value)
        return results


def chain_of(network: FloatNetwork, shape: tuple[int, int, int]) -> Chain:
    """A float32 network as a chain; `shape` of its features, which a trunk knows by itself."""
    last = len(network.layers) - 1
    dense = tuple(
        DenseLayer(layer.weights.astype(np.float64), layer.bias.astype(np.float64), relu=index < last)
        for index, layer in enumerate(network.layers)
    )
    if network.trunk is None:
        return Chain(shape, dense)
    convolutions = tuple(_sliding(convolution) for convolution in network.trunk.convolutions)
    height, width, _ = network.trunk.convolutions[-1].step.output_shape
    return Chain(network.trunk.shape, (*convolutions, AveragePoolLayer((height, width)), *dense))


def _sliding(convolution: FloatConv) -> SlidingLayer:
    step = convolution.step
    weights, bias = convolution.weights.astype(np.float64), convolution.bias.astype(np.float64)
    if step.depthwise:
        return DepthwiseLayer(weights[..., 0], bias, step.stride, True, None, step.padding, convolution.pad)
    return ConvLayer(weights, bias, step.stride, True, None, step.padding, convolution.pad)


def apply(layer: Layer, value: Float64) -> Float64:
    """One layer on a batch."""
    if isinstance(layer, MaxPoolLayer):
        return np.asarray(windows(value, layer.kernel, layer.kernel).max(axis=(3, 4)))
    if isinstance(layer, AveragePoolLayer):
        return np.asarray(windows(value, layer.kernel, layer.kernel).mean(axis=(3, 4)))
    read = products_read(layer, value)
    rows = layer.weights.reshape(len(layer.weights), -1)
    sums = (read * rows).sum(axis=-1) if isinstance(layer, DepthwiseLayer) else read @ rows.T
    result = sums + layer.bias
    return np.maximum(result, 0) if layer.relu else np.asarray(result)


def products_read(layer: WeightedLayer, value: Float64) -> Float64:
    """What each output of a layer multiplies with its row of weights: [clips, products], [clips, h, w, products], or
    [clips, h, w, channels, products] where each channel reads its own."""
    if isinstance(layer, DenseLayer):
        return value.reshape(len(value), -1)
    kernel = (layer.weights.shape[1], layer.weights.shape[2])
    top, bottom, left, right = layer.padding
    padded = np.pad(value, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=layer.pad)
    patches = windows(padded, kernel, layer.stride)
    if isinstance(layer, DepthwiseLayer):
        patches = patches.transpose(0, 1, 2, 5, 3, 4)
        return patches.reshape(*patches.shape[:4], -1)
    return patches.reshape(*patches.shape[:3], -1)


def windows(value: Float64, kernel: tuple[int, int], stride: tuple[int, int]) -> Float64:
    """Windows of [clips, height, width, channels]: [clips, rows, columns, kernel height, kernel width, channels]."""
    view = np.lib.stride_tricks.sliding_window_view(value, kernel, axis=(1, 2))
    return np.asarray(view[:, :: stride[0], :: stride[1]].transpose(0, 1, 2, 4, 5, 3))
