"""One image on one board: flash it, make sure who answers, stream clips, compare every answer bit by bit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .bench import Bench, open_bench
from .elf import Image
from .errors import BenchFault, FirmwareFault, TargetFault
from .events import ClipDone, EventBus, JournalHeld, LinkMoved, StopAsked
from .interrupt import deferred_interrupt
from .messages import Result
from .oracle import Outputs, describe_difference, first_difference, is_exact
from .probe.flasher import FlashProgress, unwatched
from .results import ClipResult, ResultStore
from .simulator.cycle_counter import ProfileRequest
from .spec import BoardSpec
from .target import Identity, LinkStatistics, Target
from .transport.inject import FaultPlan
from .transport.opening import open_target


@dataclass(frozen=True)
class StreamClip:
    """A clip that goes over: its PCM int16 [window], and the row of `expected` that holds the reference."""

    id: str
    split: str
    label: str
    group: str
    row: int


@dataclass(frozen=True)
class StreamJob:
    """What to stream to one image and what must come back."""

    image: str
    layer_names: tuple[str, ...]
    classes: tuple[str, ...]
    clips: Sequence[StreamClip]
    pcm: NDArray[np.int16]
    expected: Outputs


@dataclass(frozen=True)
class StreamOutcome:
    """`first_mismatch` is empty when every answer was the reference's, `chip` where the board's has no number."""

    link: LinkStatistics
    lanes: int
    first_mismatch: str
    chip: str = ""


class StreamProgress(Protocol):
    """Called as `progress(done, total, clip_id)` at the begin and behind each clip."""

    def __call__(self, done: int, total: int, detail: str = "") -> None: ...


@contextlib.contextmanager
def flashed_target(
    spec: BoardSpec,
    elf: Image,
    identity: Identity,
    progress: FlashProgress = unwatched,
    *,
    profile: ProfileRequest | None = None,
    faults: FaultPlan | None = None,
    statistics: LinkStatistics | None = None,
) -> Iterator[tuple[Bench, Target]]:
    """A board that runs `elf` and has proved it. `profile` is what a simulator is to count, `faults` what is to
    go wrong on the link; `statistics` goes on counting for an earlier attempt."""
    with open_bench(spec, profile=profile) as bench:
        target = open_target(bench, elf, faults, statistics)
        with contextlib.closing(target):
            bench.probe.program(elf, progress)
            try:
                target.greet(identity)
                yield bench, target
            except (BenchFault, TargetFault):
                bench.check_alive()  # a dead simulator is the cause, a broken stream only its sign
                raise


def stream(
    job: StreamJob,
    target: Target,
    spec: BoardSpec,
    store: ResultStore,
    bus: EventBus,
    progress: StreamProgress,
    *,
    attempt: int = 1,
) -> StreamOutcome:
    """Stream every clip that the journal does not hold yet; each answer is journalled before the target may drop it.

    `attempt` is stored with the answers.

    Raises:
        KeyboardInterrupt: a person has asked to stop; the clip in hand was journalled.
    """
    store.bind("chip", target.hello.chip)
    done = store.done(job.image)
    left = [clip for clip in job.clips if clip.id not in done]
    held = store.counts(job.image)
    if held.clips:
        bus.publish(JournalHeld(job.image, held.clips, held.correct, held.clips - held.mismatches))
    differing: list[StreamClip] = []
    results = target.stream(job.pcm[clip.row] for clip in left)
    with deferred_interrupt(lambda: bus.publish(StopAsked())) as interrupt:
        progress(len(job.clips) - len(left), len(job.clips), "")
        for count, (clip, result) in enumerate(zip(left, results, strict=True), len(job.clips) - len(left) + 1):
            exact = is_exact(job.expected, clip.row, result)
            if not exact:
                differing.append(clip)
            stored = _to_store(job, clip, spec, result, exact, attempt)
            store.add(stored)
            bus.publish(ClipDone(job.image, clip.id, stored.correct, exact))
            bus.publish(_link_moved(job.image, spec.name, target.statistics))
            progress(count, len(job.clips), clip.id)
            interrupt.check()
    first_mismatch = _explain(job, differing[0], target) if differing else ""
    return StreamOutcome(target.statistics, 1, first_mismatch, target.hello.chip)


def _link_moved(image: str, board: str, now: LinkStatistics) -> LinkMoved:
    return LinkMoved(
        image=image,
        board=board,
        pcm_bytes=now.pcm_bytes,
        window=now.window,
        retransmits=now.retransmits,
        bad_frames=now.bad_frames_host + now.bad_frames_target,
        resets=now.resets,
        reconnects=now.reconnects,
        limit=now.limit,
    )


def _explain(job: StreamJob, clip: StreamClip, target: Target) -> str:
    """The first difference of a clip, which goes over once more: the target holds the layers of the last one only."""
    result = target.infer(job.pcm[clip.row])
    if is_exact(job.expected, clip.row, result):
        return f"{job.image}, clip {clip.id}: differed once, and not when it was sent again"
    where = f"{job.image}, clip {clip.id}"
    layer = first_difference(job.layer_names, job.expected, clip.row, result)
    if layer is None:
        return f"{where}: every layer agrees, but logits {result.words} or class {result.class_index} do not"
    expected = job.expected.tensors(clip.row)[layer]
    return f"{where}: {describe_difference(f'layer {layer} {job.layer_names[layer]}', expected, target.dump(layer))}"


def _to_store(
    job: StreamJob, clip: StreamClip, spec: BoardSpec, result: Result, exact: bool, attempt: int
) -> ClipResult:
    if result.class_index >= len(job.classes):
        raise FirmwareFault(f"answered class {result.class_index} of {len(job.classes)}", where=f"clip {clip.id}")
    return ClipResult(
        image=job.image,
        clip_id=clip.id,
        split=clip.split,
        label=clip.label,
        group=clip.group,
        host_logits=tuple(int(word) for word in job.expected.words[clip.row]),
        target_logits=result.words,
        host_class=job.classes[int(job.expected.classes[clip.row])],
        target_class=job.classes[result.class_index],
        bit_exact=exact,
        layer_crcs=result.layer_crcs,
        frontend_cost=spec.timing.to_units(result.frontend_ticks),
        network_cost=spec.timing.to_units(result.network_ticks),
        stack_high_water=result.stack_high_water,
        attempt=attempt,
        received_at=time.time(),
    )
