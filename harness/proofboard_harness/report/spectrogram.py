"""A picture of a clip that was got wrong, for an eye that wants to know why."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import image as mpl_image
from numpy.typing import NDArray

from ..errors import DataFault

FFT = 512
HOP = 160
FLOOR_DB = -90.0
"""Shown range: FLOOR_DB..0 dB below the loudest bin; under it a quiet room is black."""


def load_clip(path: Path) -> NDArray[Any]:
    """A stored clip: int16 PCM of shape (samples,), or a spectrogram of shape (frames, bins).

    Raises:
        DataFault: the file is missing, is no .npy file, or has another shape.
    """
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataFault(f"is no stored clip: {error}", where=str(path)) from error
    if array.ndim not in (1, 2) or array.size == 0:
        raise DataFault(f"shape {array.shape} is neither (samples,) nor (frames, bins)", where=str(path))
    return array


def spectrogram_png(clip: NDArray[Any]) -> bytes:
    """PNG of `clip`, time to the right, frequency upwards, one pixel a bin."""
    bins = _power_db(clip) if clip.ndim == 1 else clip.astype(np.float64)
    top = float(bins.max())
    low = top + FLOOR_DB if clip.ndim == 1 else float(bins.min())
    file = BytesIO()
    mpl_image.imsave(
        file,
        bins.T,
        vmin=low,
        vmax=max(top, low + 1e-9),
        cmap="magma",
        origin="lower",
        format="png",
    )
    return file.getvalue()


def _power_db(pcm: NDArray[Any]) -> NDArray[np.float64]:
    """Hann-windowed power in dB, shape (frames, FFT/2 + 1); a clip under one frame is padded with silence."""
    signal = pcm.astype(np.float64) / 32768.0
    signal = np.pad(signal, (0, max(0, FFT - signal.size)))
    frames = np.lib.stride_tricks.sliding_window_view(signal, FFT)[::HOP] * np.hanning(FFT)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    decibels: NDArray[np.float64] = 10.0 * np.log10(power + 1e-12)
    return decibels
