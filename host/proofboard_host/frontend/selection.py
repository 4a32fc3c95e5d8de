"""A front end that computes only what a network reads: some of the mel bands, some of the frames."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from ..errors import ConfigurationFault
from .mel import Segment
from .specification import FRAME_LIMIT, FrontendSpec, band_tables

_MAX_HOP = 65535


def select(
    specification: FrontendSpec, *, bands: Sequence[int] | None = None, frames: range | None = None
) -> FrontendSpec:
    """The same features as `specification`'s, but only of the given bands and frames, in the same order.

    Args:
        specification: any front end, a selection too: indices count its bands and frames.
        bands: indices of mel bands, rising. None keeps all.
        frames: indices of frames; a step of 2 takes every second one. None keeps all, and a sound that has fewer
            frames than `frames` asks for gives those it has.

    Raises:
        ConfigurationFault: nothing is left, an index is out of range or out of order, or the frames lie more than
            65535 samples apart or behind the start.
    """
    if frames is not None:
        specification = _select_frames(specification, frames)
    return specification if bands is None else _select_bands(specification, list(bands))


def _select_frames(specification: FrontendSpec, frames: range) -> FrontendSpec:
    if not frames or frames.start < 0 or frames.step < 0 or frames[-1] >= specification.frame_limit:
        raise ConfigurationFault(f"{frames} selects no frames out of 0..{specification.frame_limit - 1}, rising")
    skip = specification.skip + frames.start * specification.hop
    hop = specification.hop * frames.step if len(frames) > 1 else specification.hop
    if max(hop, skip) > _MAX_HOP:
        raise ConfigurationFault(f"{frames} selects frames {hop} samples apart from sample {skip}: over {_MAX_HOP}")
    return dataclasses.replace(specification, skip=skip, hop=hop, frame_limit=min(len(frames), FRAME_LIMIT))


def _select_bands(specification: FrontendSpec, bands: list[int]) -> FrontendSpec:
    known = range(specification.mel_bands)
    if not bands or bands != sorted(set(bands)) or bands[0] not in known or bands[-1] not in known:
        raise ConfigurationFault(f"{bands} are not mel bands out of 0..{specification.mel_bands - 1}, rising")
    around = [pair for run in specification.runs() for pair in itertools.pairwise(run)]
    runs: list[list[Segment]] = []
    for band in bands:
        opening, closing = around[band]
        if runs and runs[-1][-1] is opening:
            runs[-1].append(closing)
        else:
            runs.append([opening, closing])
    return dataclasses.replace(specification, **band_tables(specification.frame, runs, specification.mel_offset[bands]))
