"""Any sound file to mono int16 PCM at the application's rate, through FFmpeg's libraries (PyAV)."""

from __future__ import annotations

import io

import av
import av.audio.frame
import av.audio.resampler
import av.error
import numpy as np
from numpy.typing import NDArray

from ..errors import DataFault
from .riff import missing_bytes

#: What is decoded of a long file: enough for every window that a recipe asks of one recording.
LONGEST_SECONDS = 60.0

# A raw .g722 stream has no header by which FFmpeg could know it (64 kbit/s, 16 kHz, ITU-T G.722).
_FORMAT_OF_SUFFIX = {".g722": "g722"}


def decode(
    source: bytes, *, suffix: str, where: str, sample_rate: int, start: float = 0.0, stop: float | None = None
) -> NDArray[np.int16]:
    """Decode one sound file held in memory.

    Args:
        source: the file's bytes.
        suffix: lower case, with the dot; only formats without a header need it.
        where: what an error calls the file.
        sample_rate: Hz of the result.
        start, stop: seconds of the file that are wanted; at most `LONGEST_SECONDS` of them are given.

    Returns:
        int16 [samples], channels averaged.

    Raises:
        DataFault: the file is corrupt or cut off, has no sound in it, or ends before `start`.
    """
    missing = missing_bytes(source)
    if missing:
        raise DataFault(
            f"was cut off: {missing:,} bytes are missing that its header promises",
            where=where,
            hint="copy the file again, or remove it",
        )
    end = start + LONGEST_SECONDS if stop is None else min(stop, start + LONGEST_SECONDS)
    first, last = round(start * sample_rate), round(end * sample_rate)
    blocks: list[NDArray[np.int16]] = []
    decoded = 0
    try:
        # Tags in an old 8-bit encoding are no reason to refuse the sound.
        layout = _FORMAT_OF_SUFFIX.get(suffix)
        with av.open(io.BytesIO(source), mode="r", format=layout, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise DataFault("has no sound in it", where=where, hint="remove the file or replace it")
            is_float = container.streams.audio[0].codec_context.name.startswith("pcm_f")
            resampler = av.audio.resampler.AudioResampler(format="s16", layout="mono", rate=sample_rate)
            for frame in container.decode(audio=0):
                # Containers disagree about time stamps, and the resampler refuses gaps: the order is what counts.
                frame.pts = None
                if is_float:
                    _require_numbers(frame, where)
                for block in resampler.resample(frame):
                    blocks.append(_samples(block))
                    decoded += blocks[-1].size
                if decoded >= last:
                    break
            for block in resampler.resample(None):
                blocks.append(_samples(block))
    except (av.error.FFmpegError, ValueError) as error:
        raise DataFault(
            f"can't be decoded: {getattr(error, 'strerror', None) or error}",
            where=where,
            hint="the file is corrupt or no sound file: remove or replace it",
        ) from error
    pcm = np.concatenate(blocks)[first:last] if blocks else np.zeros(0, np.int16)
    if pcm.size == 0:
        raise DataFault(f"holds no sound after {start:g} s", where=where, hint="remove the file or replace it")
    return pcm


def _require_numbers(frame: av.audio.frame.AudioFrame, where: str) -> None:
    """Float PCM can hold what is no number, which conversion would turn into some sample."""
    if not np.isfinite(frame.to_ndarray()).all():
        raise DataFault("holds samples that are no numbers", where=where, hint="remove the file or replace it")


def _samples(frame: av.audio.frame.AudioFrame) -> NDArray[np.int16]:
    return np.asarray(frame.to_ndarray(), dtype=np.int16).reshape(-1)
