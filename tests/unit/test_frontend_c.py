"""The C front end against the NumPy reference, bit for bit, under sanitizers and for every frame size."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import numpy as np
import pytest
from frontend_library import COMPILE, FIRMWARE, SOURCES, CFrontend, application, compile_library
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from numpy.typing import NDArray
from proofboard_host.frontend import FrontendSpec, build_specification, emit_c, run
from proofboard_host.frontend.adversarial import adversarial_clips

MAIN = """
#include "proofboard/frontend.h"
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    const size_t samples = (size_t)atoi(argv[1]);
    const uint32_t frames = pb_frontend_frames(&pb_generated_frontend, (uint32_t)samples);
    const size_t size = (size_t)frames * pb_generated_frontend.mel_bands;
    int16_t *pcm = malloc(samples * sizeof *pcm);
    int16_t *features = malloc(size * sizeof *features);
    while (fread(pcm, sizeof *pcm, samples, stdin) == samples) {
        if (pb_frontend_run(&pb_generated_frontend, pcm, (uint32_t)samples, features, pb_generated_bins)) return 3;
        if (fwrite(features, sizeof *features, size, stdout) != size) return 4;
    }
    free(pcm);
    free(features);
    return 0;
}
"""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return compile_library(tmp_path_factory.mktemp("frontend"))


def run_c(library: ctypes.CDLL, spec: FrontendSpec, clip: NDArray[np.int16]) -> NDArray[np.int16]:
    features = np.empty((spec.frames(clip.size), spec.mel_bands), dtype=np.int16)
    bins = (ctypes.c_uint32 * spec.points)()
    pcm = np.ascontiguousarray(clip)
    status = library.pb_frontend_run(
        ctypes.byref(CFrontend.of(spec)),
        ctypes.c_void_p(pcm.ctypes.data),
        ctypes.c_uint32(clip.size),
        ctypes.c_void_p(features.ctypes.data),
        bins,
    )
    assert status == 0
    return features


@pytest.mark.parametrize(
    ("frame", "hop", "bands", "clips"),
    [(512, 512, 32, 2000), (128, 100, 12, 60), (256, 128, 20, 60), (1024, 512, 64, 60)],
)
def test_emitted_tables_and_c_equal_the_reference_under_sanitizers(
    tmp_path: Path, frame: int, hop: int, bands: int, clips: int
) -> None:
    spec = build_specification(application(frame=frame, hop=hop, mel_bands=bands))
    (tmp_path / "main.c").write_text(MAIN)
    (tmp_path / "generated_frontend.c").write_text(emit_c(spec))
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    generated = [tmp_path / "main.c", tmp_path / "generated_frontend.c"]
    program = tmp_path / "frontend"
    command = [*COMPILE, *sanitizers, f"-I{FIRMWARE / 'include'}", "-o", program, *generated, *SOURCES]
    subprocess.run(command, check=True)
    pcm = adversarial_clips(clips, 16000, seed=frame)
    result = subprocess.run([program, "16000"], input=pcm.tobytes(), stdout=subprocess.PIPE, check=True)
    expected = run(spec, pcm)
    answered = np.frombuffer(result.stdout, dtype=np.int16).reshape(expected.shape)
    assert np.array_equal(answered, expected)


def test_an_impulse_at_every_position_of_a_frame(library: ctypes.CDLL) -> None:
    spec = build_specification(application())
    pcm = np.zeros((2, 512, 512), dtype=np.int16)
    for sign, height in enumerate((-32768, 32767)):
        np.fill_diagonal(pcm[sign], height)
    pcm = pcm.reshape(1, -1)
    assert np.array_equal(run_c(library, spec, pcm[0]), run(spec, pcm)[0])


shapes = st.sampled_from([128, 256, 512, 1024]).flatmap(
    lambda frame: st.tuples(st.just(frame), st.integers(1, frame), st.integers(1, frame // 32))
)
samples = st.one_of(st.integers(-32768, 32767), st.sampled_from([-32768, 32767, -1, 0, 1]))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    shape=shapes,
    f_min=st.floats(0.0, 300.0),
    f_max=st.floats(4000.0, 8000.0),
    clip=hypothesis_numpy.arrays(np.int16, st.integers(1024, 1600), elements=samples, fill=samples),
    peak_bits=st.integers(0, 15),
)
def test_every_shape_and_every_clip(
    library: ctypes.CDLL,
    shape: tuple[int, int, int],
    f_min: float,
    f_max: float,
    clip: NDArray[np.int16],
    peak_bits: int,
) -> None:
    frame, hop, bands = shape
    spec = build_specification(application(frame=frame, hop=hop, mel_bands=bands, f_min=f_min, f_max=f_max))
    quiet = clip >> (15 - peak_bits)
    assert np.array_equal(run_c(library, spec, quiet), run(spec, quiet[None])[0])


def test_bad_arguments_are_answered(library: ctypes.CDLL) -> None:
    spec = build_specification(application())
    frontend, pcm, features = CFrontend.of(spec), (ctypes.c_int16 * 512)(), (ctypes.c_int16 * 32)()
    bins = (ctypes.c_uint32 * spec.points)()
    short = ctypes.c_uint32(511)
    whole = ctypes.c_uint32(512)
    assert library.pb_frontend_run(ctypes.byref(frontend), pcm, whole, features, bins) == 0
    assert library.pb_frontend_run(ctypes.byref(frontend), pcm, short, features, bins) == 1
    assert library.pb_frontend_run(None, pcm, whole, features, bins) == 1
    assert library.pb_frontend_run(ctypes.byref(frontend), pcm, whole, None, bins) == 1
    assert library.pb_frontend_run(ctypes.byref(frontend), pcm, whole, features, None) == 1
    frontend.skip = 1
    assert library.pb_frontend_run(ctypes.byref(frontend), pcm, whole, features, bins) == 1
