"""Rung 4 of the ladder: the firmware's own front end and network, compiled for this machine and called by ctypes."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .errors import FirmwareFault


@dataclass(frozen=True)
class HostOutputs:
    """Row by clip: features int16, logit words int32, classes uint32, layer outputs as bytes (all operators)."""

    features: NDArray[np.int16]
    words: NDArray[np.int32]
    classes: NDArray[np.uint32]
    layers: NDArray[np.uint8]


class HostLibrary:
    """A `libproofboard.so`.

    Args:
        path: the library.
        features, logits: elements of one clip.
        layer_bytes: bytes of all operators' outputs of one clip.
    """

    def __init__(self, path: Path, *, features: int, logits: int, layer_bytes: int) -> None:
        self._run = ctypes.CDLL(str(path)).pb_host_run
        self._run.restype = ctypes.c_int
        self._features = features
        self._logits = logits
        self._layer_bytes = layer_bytes

    def run(self, pcm: NDArray[np.int16]) -> HostOutputs:
        """Run the C on pcm, int16 [clips, window]."""
        clips = len(pcm)
        outputs = HostOutputs(
            np.zeros((clips, self._features), np.int16),
            np.zeros((clips, self._logits), np.int32),
            np.zeros(clips, np.uint32),
            np.zeros((clips, self._layer_bytes), np.uint8),
        )
        status = self._run(
            _pointer(np.ascontiguousarray(pcm, dtype=np.int16)),
            ctypes.c_uint32(clips),
            _pointer(outputs.features),
            _pointer(outputs.words),
            _pointer(outputs.classes),
            _pointer(outputs.layers),
            ctypes.c_uint32(self._layer_bytes),
        )
        if status != 0:
            raise FirmwareFault(f"the front end on the host answered with status {status}", hint="a generator bug")
        return outputs


def _pointer(values: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)
