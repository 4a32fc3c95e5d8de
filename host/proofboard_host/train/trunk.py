"""The convolutions of a trained float32 network as plain arrays. Needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..convolutions import ConvStep
from ..errors import ModelFault

Float32 = npt.NDArray[np.float32]

_CLIPS = 64  # at a time: keeps the patches of a layer in memory


@dataclass(frozen=True)
class FloatConv:
    """A convolution and its ReLU: weights float32 [outputs, kernel height, kernel width, inputs], or [channels, …, 1]
    where each channel has a kernel of its own; bias [outputs]; `pad` fills the padding."""

    weights: Float32
    bias: Float32
    step: ConvStep
    pad: float = 0.0

    def __post_init__(self) -> None:
        step = self.step
        reads = 1 if step.depthwise else step.input_shape[2]
        wanted = (step.output_shape[2], *step.kernel, reads)
        if self.weights.shape != wanted or self.bias.shape != wanted[:1]:
            raise ModelFault(f"weights {self.weights.shape} and bias {self.bias.shape} do not make {wanted}")
        if self.weights.dtype != np.float32 or self.bias.dtype != np.float32:
            raise ModelFault(f"a convolution of {self.weights.dtype} and {self.bias.dtype} is not float32")

    def outputs(self, images: Float32) -> Float32:
        """float32 [n, height, width, channels] to the same of the output, after ReLU."""
        top, bottom, left, right = self.step.padding
        padded = np.pad(images, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=self.pad)
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.step.kernel, axis=(1, 2))
        seen = windows[:, :: self.step.stride[0], :: self.step.stride[1]]  # [n, rows, columns, channels, kh, kw]
        if self.step.depthwise:
            sums = np.einsum("nrcdhw,dhw->nrcd", seen, self.weights[..., 0], optimize=True)
        else:
            patches = seen.transpose(0, 1, 2, 4, 5, 3).reshape(*seen.shape[:3], -1)
            sums = patches @ self.weights.reshape(len(self.weights), -1).T
        return np.asarray(np.maximum(sums + self.bias, 0), np.float32)


@dataclass(frozen=True)
class FloatTrunk:
    """Convolutions one after the other, then the mean over all places: one value a channel."""

    convolutions: tuple[FloatConv, ...]

    def __post_init__(self) -> None:
        if not self.convolutions:
            raise ModelFault("a trunk without a convolution")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the features: frames, mel bands, 1."""
        return self.convolutions[0].step.input_shape

    @property
    def features(self) -> int:
        """Values that it reads."""
        return int(np.prod(self.shape))

    @property
    def outputs(self) -> int:
        """Values that it gives."""
        return self.convolutions[-1].step.output_shape[2]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, padding included."""
        return sum(convolution.step.macs for convolution in self.convolutions)

    def forward(self, values: Float32) -> Float32:
        """Means float32 [n, outputs] of octaves float32 [n, features]."""
        parts = [self._few(values[start : start + _CLIPS]) for start in range(0, len(values), _CLIPS)]
        return np.concatenate(parts) if parts else np.empty((0, self.outputs), np.float32)

    def _few(self, values: Float32) -> Float32:
        images = values.reshape(-1, *self.shape)
        for convolution in self.convolutions:
            images = convolution.outputs(images)
        return np.asarray(images.mean(axis=(1, 2)), np.float32)
