"""From a recording to its windows: read, hash, decode, measure, label, cut. Many recordings go to several processes."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..application import Application
from ..progress import Progress
from .decode import decode
from .labelling import MEASURED_KINDS, UNCLEAR, label_of
from .measure import Sound, measure
from .recordings import Recording
from .windows import choose_starts, cut

# Fewer recordings than this are decoded sooner than a process has started.
_WORTH_A_POOL = 200
_CHUNK = 16


@dataclass(frozen=True)
class Listening:
    """What `heard` needs of the application; small enough to be sent to a process.

    `positive` and `other` are class names; `window` in samples, `sample_rate` in Hz.
    """

    sample_rate: int
    window: int
    positive: str
    other: str

    @classmethod
    def of(cls, application: Application) -> Listening:
        """The negative class is the first that is not `data.positive`."""
        data = application.data
        other = next(name for name in data.classes if name != data.positive)
        return cls(application.audio.sample_rate, application.audio.window, data.positive, other)


@dataclass(frozen=True, eq=False)
class Heard:
    """A recording after decoding; without a label it is left out, and without sound it has no windows.

    `sound` is given where the label depends on it. `pcm` is int16 [windows, samples]; row i begins at sample
    `starts[i]` of the decoded recording.
    """

    recording: Recording
    sha256: str
    label: str | None
    sound: Sound | None
    starts: tuple[int, ...]
    pcm: NDArray[np.int16]


def heard(recording: Recording, listening: Listening) -> Heard:
    """Decode one recording and cut its windows.

    Screams of the field set give one window each, so that a field clip is a recording; those of the training set
    overlap by half a window, other recordings do not overlap.
    """
    source = recording.read()
    sha256 = hashlib.sha256(source).hexdigest()
    nothing = np.zeros((0, listening.window), np.int16)
    if recording.label is None and recording.kind == UNCLEAR:
        return Heard(recording, sha256, None, None, (), nothing)
    pcm = decode(
        source,
        suffix=recording.suffix,
        where=recording.path,
        sample_rate=listening.sample_rate,
        start=recording.start,
        stop=recording.stop,
    )
    needed = recording.label is None and recording.kind in MEASURED_KINDS
    sound = measure(pcm, listening.sample_rate) if needed else None
    label = recording.label or label_of(recording.kind, sound, scream=listening.positive, other=listening.other)
    positive = label == listening.positive
    starts: list[int] = []
    if label is not None:
        starts = choose_starts(
            pcm,
            window=listening.window,
            sample_rate=listening.sample_rate,
            count=1 if positive and recording.split == "field" else recording.windows,
            hop=listening.window // 2 if positive else listening.window,
        )
        if not starts and recording.kind == "silence":
            starts = [0]
    rows = [cut(pcm, start, listening.window) for start in starts]
    return Heard(recording, sha256, label, sound, tuple(starts), np.stack(rows) if rows else nothing)


def hear_all(recordings: Sequence[Recording], listening: Listening, progress: Progress) -> Iterator[Heard]:
    """`heard` of each recording, in their order whatever the number of processes."""
    work = partial(heard, listening=listening)
    if len(recordings) < _WORTH_A_POOL:
        yield from _counted(map(work, recordings), recordings, progress)
        return
    # Not fork: the parent may hold threads (BLAS, the terminal's refresh) whose locks a fork would copy.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        yield from _counted(pool.map(work, recordings, chunksize=_CHUNK), recordings, progress)


def _counted(results: Iterator[Heard], recordings: Sequence[Recording], progress: Progress) -> Iterator[Heard]:
    for done, result in enumerate(results, start=1):
        progress(done, len(recordings), f"decoded {result.recording.package}")
        yield result
