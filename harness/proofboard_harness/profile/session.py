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
from ..spec import BoardSpec, CostUnit, QemuSpec
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
    Only QEMU counts by function; elsewhere the board's own counter is read.

    Raises:
        ConfigurationFault: the board's counter counts no cycles.
        FirmwareFault: the image is not what the run built, or lacks what a profile needs.
        BenchFault, ProbeFault, TargetFault: board, simulator or link failed.
    """
    if not isinstance(spec.simulator, QemuSpec) and spec.timing.unit is not CostUnit.CYCLES:
        raise ConfigurationFault(
            f"{spec.name} counts {spec.timing.unit}, not cycles", hint="profile a run on a board that counts cycles"
        )
    image = Image.load(subject.elf)
    identity = Identity(build_id(image), subject.model_hash)
    request = ProfileRequest(subject.elf, WINDOWS) if isinstance(spec.simulator, QemuSpec) else None
    sites = None if request is None else CallSites.load(subject.elf, subject.generated / SOURCE)
    results = []
    with flashed_target(spec, image, identity, profile=request) as (bench, target):
        for index, pcm in enumerate(clips.pcm):
            progress(index)
            results.append(target.infer(pcm, flags=0))
        tree = None if request is None or bench.simulator is None else bench.simulator.profile()
    count = len(results)
    mismatches = sum(
        result.words != tuple(int(word) for word in words) for result, words in zip(results, clips.words, strict=True)
    )
    if tree is None or sites is None:
        return _read_counter(subject, results, mismatches, spec)
    parts = attribute(tree, count, subject.predictions, sites.layer)
    return ImageProfile(
        subject.name,
        count,
        mismatches,
        Source.MODELLED,
        spec.timing.clock_hz,
        parts.frontend,
        parts.network,
        parts.stages,
        parts.layers,
        parts.functions,
        parts.frames,
    )


def _read_counter(subject: Subject, results: Sequence[Result], mismatches: int, spec: BoardSpec) -> ImageProfile:
    def cost(name: str, ticks: Sequence[int], predicted: float) -> LayerCost:
        cycles = fmean(spec.timing.to_units(count) for count in ticks)
        return LayerCost(name, "", 1, Cycles(cycles, cycles), predicted)

    return ImageProfile(
        subject.name,
        len(results),
        mismatches,
        spec.timing.source,
        spec.timing.clock_hz,
        cost("front end", [result.frontend_ticks for result in results], subject.predictions.frontend),
        cost("network", [result.network_ticks for result in results], subject.predictions.network),
    )
