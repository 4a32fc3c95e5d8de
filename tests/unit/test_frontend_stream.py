"""The streaming form of the C front end: whatever the chunks, the features of every window are those of a run on it."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from frontend_library import CFrontend, application, compile_library
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from proofboard_host.frontend import FrontendSpec, build_specification, run, select
from proofboard_host.frontend.adversarial import adversarial_clips


class CStream(ctypes.Structure):
    """`pb_frontend_stream`."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("frontend", "pcm", "bins", "rows")),
        *((name, ctypes.c_uint32) for name in ("frames", "held", "gap", "next", "filled")),
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return compile_library(tmp_path_factory.mktemp("stream"))


def windows(
    library: ctypes.CDLL, spec: FrontendSpec, frames: int, chunks: list[NDArray[np.int16]]
) -> Iterator[NDArray[np.int16] | None]:
    """After each frame the features [frames, mel_bands] of the last ones; None while they are too few."""
    frontend = CFrontend.of(spec)
    pcm, bins = np.empty(spec.frame, np.int16), np.empty(spec.points, np.uint32)
    rows = np.empty((frames, spec.mel_bands), np.int16)
    pointers = (ctypes.addressof(frontend), *(array.ctypes.data for array in (pcm, bins, rows)))
    stream = CStream(*pointers, frames)
    library.pb_frontend_stream_start(ctypes.byref(stream))
    for chunk in chunks:
        samples, count = ctypes.c_void_p(chunk.ctypes.data), ctypes.c_uint32(chunk.size)
        while library.pb_frontend_stream_take(ctypes.byref(stream), ctypes.byref(samples), ctypes.byref(count)):
            features = np.full_like(rows, -1)
            done = library.pb_frontend_stream_window(ctypes.byref(stream), ctypes.c_void_p(features.ctypes.data))
            assert done or (features == -1).all()
            yield features if done else None
        assert count.value == 0
        assert samples.value == chunk.ctypes.data + 2 * chunk.size


@settings(max_examples=150, deadline=None)
@given(data=st.data(), frame=st.sampled_from([128, 256]), seed=st.integers(0, 39))
def test_every_window_is_what_a_run_on_it_gives(
    library: ctypes.CDLL, data: st.DataObject, frame: int, seed: int
) -> None:
    hop = data.draw(st.integers(frame // 16, frame) | st.integers(1, 5))
    frames = data.draw(st.integers(1, 6))
    spec = build_specification(application(frame=frame, hop=hop, mel_bands=6))
    start, step = data.draw(st.tuples(st.integers(0, 3), st.integers(1, 4)))
    spec = select(spec, frames=range(start, start + frames * step, step))
    window = spec.skip + (frames - 1) * spec.hop + frame
    clip = adversarial_clips(seed + 1, window + 3 * frame, seed=12)[-1]
    cuts = sorted(data.draw(st.lists(st.integers(0, clip.size), max_size=12)))
    edges = [0, *cuts, clip.size]
    chunks = [clip[low:high] for low, high in itertools.pairwise(edges)]
    streamed = list(windows(library, spec, frames, chunks))
    assert len(streamed) == 1 + (clip.size - spec.skip - frame) // spec.hop
    assert all(features is None for features in streamed[: frames - 1])
    for index, features in enumerate(streamed[frames - 1 :]):
        begin = index * spec.hop
        assert np.array_equal(features, run(spec, clip[None, begin : begin + window])[0])
