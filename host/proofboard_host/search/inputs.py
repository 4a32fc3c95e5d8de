"""Pruning of inputs: which mel bands and frames a network reads. The front end then computes no others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..frontend.selection import select
from ..frontend.specification import FrontendSpec
from ..train.network import FloatNetwork

_CLIPS_ASKED = 200  # of a convolutional network, once for every band


@dataclass(frozen=True)
class Inputs:
    """`frames`: those read, evenly spaced; `bands`: indices of those read, rising."""

    frames: range
    bands: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of the features that remain: (frames, 1, bands)."""
        return len(self.frames), 1, len(self.bands)

    def of(self, features: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        """Features [n, frames, bands] that remain of all features."""
        return np.ascontiguousarray(features[:, self.frames.start : self.frames.stop : self.frames.step, self.bands])

    def specification(self, whole: FrontendSpec) -> FrontendSpec:
        """The front end that computes only these."""
        return select(whole, bands=self.bands, frames=self.frames)

    def to_json(self) -> dict[str, Any]:
        """Plain values by name."""
        frames = self.frames
        return {"frames": [frames.start, frames.stop, frames.step], "bands": list(self.bands)}


def inputs_from_json(values: dict[str, Any]) -> Inputs:
    """The inverse of `Inputs.to_json`.

    Raises:
        ModelFault: it is something else.
    """
    try:
        return Inputs(range(*values["frames"]), tuple(int(band) for band in values["bands"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFault(f"is no choice of frames and bands: {error}", where="inputs") from error


def every_frame(step: int, frames: int) -> range:
    """Every `step`-th of `frames` frames, as near to the middle as they go."""
    count = 1 + (frames - 1) // step
    start = (frames - 1 - (count - 1) * step) // 2
    return range(start, start + (count - 1) * step + 1, step)


def strongest_bands(network: FloatNetwork, features: npt.NDArray[np.int16], count: int) -> tuple[int, ...]:
    """The `count` mel bands that move the first layer most: norm of their weights times their deviation.

    The deviation is that of the band less the clip's level, which the network does not hear. Where kernels slide over
    the bands, weights belong to none: there it is how far the answers move when a band is held at its mean.

    Args:
        features: int16 [n, frames, bands], of training clips.
    """
    bands = features.shape[2]
    strength = _dense_strength(network, features) if network.trunk is None else _answer_strength(network, features)
    chosen = np.argsort(-strength, kind="stable")[: min(count, bands)]
    return tuple(int(band) for band in np.sort(chosen))


def _dense_strength(network: FloatNetwork, features: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    _, frames, bands = features.shape
    values = features.astype(np.float32)
    values -= values.mean(axis=(1, 2), keepdims=True)
    deviation = values.std(axis=(0, 1))
    weights = network.layers[0].weights.reshape(-1, frames, bands).astype(np.float64)
    return np.asarray(np.sqrt(np.square(weights).sum(axis=(0, 1))) * deviation)


def _answer_strength(network: FloatNetwork, features: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    few = features[:: max(1, len(features) // _CLIPS_ASKED)]
    answers = network.forward(few)
    strength = np.zeros(few.shape[2])
    for band in range(few.shape[2]):
        muted = few.copy()
        muted[:, :, band] = round(float(few[:, :, band].mean()))
        strength[band] = float(np.abs(network.forward(muted) - answers).mean())
    return strength
