"""One image profiled: flashed, asked who it is, given a few clips, its cycles counted meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from ..elf import Image
from ..errors import ConfigurationFault
from ..measurement import Source
from ..messages import Result
from ..simulator.cycle_counter import ProfileRequest
from ..simulator.cycle_tree import CallTree
from ..spec import BoardSpec, CostUnit, QemuSpec, VirtualSpec, VirtualSpeed
from ..stream import flashed_target
from ..symbols import build_id
from ..target import Identity
from .attribution import WINDOWS, Predictions, attribute
from .call_sites import SOURCE, CallSites
from .figures import Cycles, ImageProfile, LayerCost


@dataclass(frozen=True)
class Subject:
    """An image of a run.

    Attributes:
        name: `baseline` or `compressed`.
        elf: what is flashed.
        generated: the folder of the C that it was made from.
        model_hash: what hello must say, hex.
        predictions: to stand beside what is counted.
    """

    name: str
    elf: Path
    generated: Path
    model_hash: str
    predictions: Predictions


@dataclass(frozen=True)
class ProfileClips:
    """`pcm` int16 [clips, window], and the logit words of the reference, int32 [clips, logits]."""

    pcm: NDArray[np.int16]
    words: NDArray[np.int32]


def profile_image(
    subject: Subject, clips: ProfileClips, spec: BoardSpec, progress: Callable[[int], None]
) -> ImageProfile:
    """Stream the clips to the image; the same image and clips give the same counts on a simulator.

    `progress` is told how many are through. The trace of layers is left out: it would run the network a second time.
    Only QEMU counts by function. The virtual RA6E1 gets the clips twice, with and without waits of its memories;
    elsewhere the board's own counter is read.

    Raises:
        ConfigurationFault: the board's counter counts no cycles.
        FirmwareFault: the image is not what the run built, or lacks what a profile needs.
        BenchFault, ProbeFault, TargetFault: board, simulator or link failed.
    """
    if isinstance(spec.simulator, QemuSpec):
        return _count_functions(subject, clips, spec, progress)
    if isinstance(spec.simulator, VirtualSpec):
        waiting = _stream(subject, clips, spec.counting_cycles(VirtualSpeed.MODELLED), progress)
        unwaited = _stream(subject, clips, spec.counting_cycles(VirtualSpeed.UNWAITED), lambda done: None)
        return _read_counter(subject, clips, spec, unwaited.results, waiting.results)
    if spec.timing.unit is not CostUnit.CYCLES:
        raise ConfigurationFault(
            f"{spec.name} counts {spec.timing.unit}, not cycles", hint="profile a run on a board that counts cycles"
        )
    results = _stream(subject, clips, spec, progress).results
    return _read_counter(subject, clips, spec, results, results)


@dataclass(frozen=True)
class _Streamed:
    """The answers, one a clip, and what a simulator counted by function meanwhile."""

    results: tuple[Result, ...]
    tree: CallTree | None


def _stream(
    subject: Subject,
    clips: ProfileClips,
    spec: BoardSpec,
    progress: Callable[[int], None],
    request: ProfileRequest | None = None,
) -> _Streamed:
    image = Image.load(subject.elf)
    results = []
    with flashed_target(spec, image, Identity(build_id(image), subject.model_hash), profile=request) as (bench, target):
        for index, pcm in enumerate(clips.pcm):
            progress(index)
            results.append(target.infer(pcm, flags=0))
        tree = None if request is None or bench.simulator is None else bench.simulator.profile()
    return _Streamed(tuple(results), tree)


def _count_functions(
    subject: Subject, clips: ProfileClips, spec: BoardSpec, progress: Callable[[int], None]
) -> ImageProfile:
    sites = CallSites.load(subject.elf, subject.generated / SOURCE)
    streamed = _stream(subject, clips, spec, progress, ProfileRequest(subject.elf, WINDOWS))
    assert streamed.tree is not None
    parts = attribute(streamed.tree, len(streamed.results), subject.predictions, sites.layer)
    return ImageProfile(
        subject.name,
        len(streamed.results),
        _mismatches(clips, streamed.results),
        Source.MODELLED,
        spec.timing.clock_hz,
        parts.frontend,
        parts.network,
        parts.stages,
        parts.layers,
        parts.functions,
        parts.frames,
    )


def _mismatches(clips: ProfileClips, results: Sequence[Result]) -> int:
    pairs = zip(results, clips.words, strict=True)
    return sum(result.words != tuple(int(word) for word in words) for result, words in pairs)


def _read_counter(
    subject: Subject, clips: ProfileClips, spec: BoardSpec, unwaited: Sequence[Result], waiting: Sequence[Result]
) -> ImageProfile:
    """Of the board's counter around front end and network, counted without and with the waits of memories."""

    def cost(name: str, ticks: Callable[[Result], int], predicted: float) -> LayerCost:
        low, high = (
            fmean(spec.timing.to_units(ticks(result)) for result in results) for results in (unwaited, waiting)
        )
        return LayerCost(name, "", 1, Cycles(low, high), predicted)

    return ImageProfile(
        subject.name,
        len(waiting),
        max(_mismatches(clips, unwaited), _mismatches(clips, waiting)),
        spec.timing.source,
        spec.timing.clock_hz,
        cost("front end", lambda result: result.frontend_ticks, subject.predictions.frontend),
        cost("network", lambda result: result.network_ticks, subject.predictions.network),
    )
