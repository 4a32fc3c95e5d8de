"""The convolutional layers of an application, one by one as the target runs them: kernels, strides, padding, shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigurationFault

KINDS = ("conv", "ds-conv")
"""`conv` reads all channels; `ds-conv` each channel by itself, then all of one pixel: A. Howard et al., "MobileNets"
(arXiv:1704.04861)."""

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


@dataclass(frozen=True)
class LayerSection:
    """A layer of `[network] layers`: `kind` of `KINDS`, `channels` it gives, kernel and stride as [frames, bands].

    The input is padded so that the output has as many places as the input, divided by the stride and rounded up.
    Behind each convolution stand batch normalisation and ReLU; behind the last layer the mean over all places.
    """

    kind: str
    channels: int
    kernel: list[int] = field(default_factory=lambda: [3, 3])
    stride: list[int] = field(default_factory=lambda: [1, 1])


@dataclass(frozen=True)
class ConvStep:
    """One convolution. Shapes are (height, width, channels), padding (top, bottom, left, right)."""

    depthwise: bool
    kernel: Pair
    stride: Pair
    padding: Padding
    input_shape: Shape
    output_shape: Shape

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run, padding included."""
        height, width, outputs = self.output_shape
        reads = 1 if self.depthwise else self.input_shape[2]
        return height * width * outputs * self.kernel[0] * self.kernel[1] * reads


def conv_steps(layers: Sequence[LayerSection], frames: int, bands: int) -> tuple[ConvStep, ...]:
    """The convolutions of all layers, for features of `frames` × `bands`."""
    steps: list[ConvStep] = []
    shape = (frames, bands, 1)
    for layer in layers:
        kernel, stride = (layer.kernel[0], layer.kernel[1]), (layer.stride[0], layer.stride[1])
        if layer.kind == "ds-conv":
            steps.append(_step(True, kernel, stride, shape, shape[2]))
            kernel, stride, shape = (1, 1), (1, 1), steps[-1].output_shape
        steps.append(_step(False, kernel, stride, shape, layer.channels))
        shape = steps[-1].output_shape
    return tuple(steps)


def _step(depthwise: bool, kernel: Pair, stride: Pair, shape: Shape, channels: int) -> ConvStep:
    top, left = (kernel[0] - 1) // 2, (kernel[1] - 1) // 2
    padding = (top, kernel[0] - 1 - top, left, kernel[1] - 1 - left)
    places = (-(-shape[0] // stride[0]), -(-shape[1] // stride[1]))
    return ConvStep(depthwise, kernel, stride, padding, shape, (*places, channels))


def check_kinds(network: Any, *, where: str) -> None:
    """No layer of the `[network]` table, as it stands in the file, is of an unknown kind; its other keys would mislead.

    Raises:
        ConfigurationFault: names the first such layer's place in the network, and its kind.
    """
    found = network.get("layers") if isinstance(network, dict) else None
    layers = found if isinstance(found, list) else []
    for index, layer in enumerate(layers):
        kind = layer.get("kind") if isinstance(layer, dict) else None
        if isinstance(kind, str) and kind not in KINDS:
            raise ConfigurationFault(
                f"layer {index + 1} of {len(layers)} is a {kind!r}, which is not supported",
                where=f"{where}[{index}]",
                hint=f"known kinds: {', '.join(KINDS)}; fully connected layers behind them are the widths in `hidden`",
            )


def check_layers(layers: Sequence[LayerSection], frames: int, bands: int, *, tensor_bytes: int, where: str) -> None:
    """Every layer (of a known kind) has a shape, and its output in float32 takes `tensor_bytes` at most.

    Raises:
        ConfigurationFault: names the layer's place in the network, and its kind.
    """
    for index, layer in enumerate(layers):
        place = f"{where}[{index}]"
        called = f"layer {index + 1} of {len(layers)} ({layer.kind!r})"
        for key in ("kernel", "stride"):
            pair = getattr(layer, key)
            if len(pair) != 2 or min(pair) < 1:
                raise ConfigurationFault(f"{called}: {key} {pair} is not two numbers of 1 or more", where=place)
        if layer.channels < 1:
            raise ConfigurationFault(f"{called}: {layer.channels} channels are too few", where=place)
        for step in conv_steps(layers[: index + 1], frames, bands):
            height, width, channels = step.output_shape
            if any(size > 2 * side for size, side in zip(step.kernel, step.input_shape, strict=False)):
                seen = f"{called}: kernel {list(step.kernel)} is over twice as large as its input {step.input_shape}"
                raise ConfigurationFault(seen, where=place, hint="a smaller kernel, or less stride before it")
            size = 4 * height * width * channels
            if size > tensor_bytes:
                seen = f"{called}: an output of {height} × {width} × {channels} takes {size:,} bytes"
                hint = f"an image holds {tensor_bytes:,} in float32: fewer channels, or a larger stride"
                raise ConfigurationFault(seen, where=place, hint=hint)
