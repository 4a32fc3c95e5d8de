"""Where in a recording the fixed windows are cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .measure import active_frames, frame_levels

#: A window is worth keeping when at least this much of it is sound.
_LEAST_ACTIVE_SHARE = 0.25


def choose_starts(pcm: NDArray[np.int16], *, window: int, sample_rate: int, count: int, hop: int) -> list[int]:
    """First samples of up to `count` windows, the best one first; none when the recording is silent.

    A recording no longer than the window gives one window with it in the middle: the start is negative then. Of a
    longer one the first choice is the window with the most level above the silence threshold; further windows lie
    whole hops away from it, must be sounding for a quarter of their length, and are taken evenly over the recording.

    Args:
        pcm: int16 [samples].
        window, hop: samples.
        count: at least 1.
    """
    levels = frame_levels(pcm, sample_rate)
    active = active_frames(levels)
    if not active.any():
        return []
    if pcm.size <= window:
        return [-((window - pcm.size) // 2)]
    frame = max(1, pcm.size // levels.size)
    strength = np.where(active, levels - levels[active].min() + 1.0, 0.0)
    per_window = max(1, window // frame)
    last = pcm.size - window
    best = min(last, int(np.argmax(_running_sum(strength, per_window))) * frame)
    if count == 1:
        return [best]
    share = _running_sum(active.astype(np.float64), per_window) / per_window
    grid = np.arange(best % hop, last + 1, hop)
    sounding = share[np.minimum(grid // frame, share.size - 1)] >= _LEAST_ACTIVE_SHARE
    chosen = [int(start) for start in grid[sounding] if start != best]
    if len(chosen) > count - 1:
        chosen = [chosen[int((place + 0.5) * len(chosen) / (count - 1))] for place in range(count - 1)]
    return [best, *chosen]


def cut(pcm: NDArray[np.int16], start: int, window: int) -> NDArray[np.int16]:
    """The window at `start` (negative: zeros before), zeros after the end; int16 [window]."""
    result = np.zeros(window, np.int16)
    first, last = max(start, 0), min(start + window, pcm.size)
    result[first - start : last - start] = pcm[first:last]
    return result


def _running_sum(values: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Sums of `length` neighbours, [max(1, values - length + 1)]."""
    if values.size <= length:
        return np.array([values.sum()])
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[length:] - total[:-length])
