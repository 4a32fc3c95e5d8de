"""The front end of the Cortex-M33 on QEMU: bit for bit the reference, every frame size and radix, and its cycles."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from proofboard_harness.benchmarks.bare_image import BOARD, Case, Unit, compile_units, firmware_unit, link_image
from proofboard_harness.boards import load_board
from proofboard_harness.simulator.cycles import CycleRun, run_image
from proofboard_host.application import FrontendSection, load_application
from proofboard_host.frontend import FrontendSpec, build_specification, emit_c, run, select
from proofboard_host.frontend.adversarial import adversarial_clips

SOUND = adversarial_clips(60, 1500, seed=21).reshape(-1)
CHUNKS = (1, 700, 7, 333)
"""What a stream is fed with, by turns."""


def specification(frame: int, hop: int, mel_bands: int) -> FrontendSpec:
    shipped = load_application("scream")
    section = FrontendSection(frame, hop, mel_bands, 60.0, 7600.0)
    return build_specification(dataclasses.replace(shipped, frontend=section))


def test_equals_the_reference_on_adversarial_sound(tmp_path: Path) -> None:
    """Odd hops begin frames in the middle of a word; selections leave out bands, pairs of bins and frames."""
    shapes = [(128, 101, 12), (128, 128, 1), (256, 77, 20), (256, 256, 9), (512, 301, 32), (1024, 999, 64)]
    specs = [specification(*shape) for shape in shapes]
    specs.append(select(specification(512, 512, 40), bands=[0, 1, 7, 20, 21, 39], frames=range(3, 150, 2)))
    specs.append(select(specification(256, 250, 32), bands=[5], frames=range(7, 300)))
    simulated = simulate([case_source(f"case_{i}", spec, RUN) for i, spec in enumerate(specs)], specs, tmp_path)
    for spec, line in zip(specs, simulated.output.split(), strict=True):
        expected = run(spec, SOUND[None])
        assert np.array_equal(np.frombuffer(bytes.fromhex(line.decode()), np.int16), expected.reshape(-1)), spec


def test_a_stream_equals_a_run(tmp_path: Path) -> None:
    specs = [specification(128, 101, 12), specification(256, 256, 9)]
    simulated = simulate([case_source(f"case_{i}", spec, STREAM) for i, spec in enumerate(specs)], specs, tmp_path)
    for spec, line in zip(specs, simulated.output.split(), strict=True):
        expected = run(spec, SOUND[None])
        assert np.array_equal(np.frombuffer(bytes.fromhex(line.decode()), np.int16), expected.reshape(-1)), spec


@pytest.mark.parametrize(("frame", "most"), [(512, 18_000), (256, 10_000)])
def test_a_frame_stays_within_its_cycles(tmp_path: Path, frame: int, most: int) -> None:
    """docs/frontend.md, Cost: 32 bands, no memory that waits, noise (no band is silent)."""
    spec = specification(frame, frame, 32)
    noise = np.random.default_rng(22).normal(0.0, 3000.0, 20 * frame).astype(np.int16)
    simulated = simulate([case_source("case_0", spec, RUN, noise)], [spec], tmp_path, noise)
    assert 0 < simulated.tree.total.low <= most * spec.frames(noise.size)


RUN = """
    (void)pb_frontend_run(&pb_generated_frontend, sound, SAMPLES, {name}__output, pb_generated_bins);
"""

STREAM = """
    static int16_t frame[1024], rows[64];
    static const uint32_t chunks[] = {{{chunks}}};
    pb_frontend_stream stream = {{&pb_generated_frontend, frame, pb_generated_bins, rows, 1, 0, 0, 0, 0}};
    const int16_t *samples = sound, *const end = sound + SAMPLES;
    int16_t *features = {name}__output;
    pb_frontend_stream_start(&stream);
    for (uint32_t i = 0; samples < end; i++) {{
        const uint32_t left = (uint32_t)(end - samples);
        uint32_t count = chunks[i % {kinds}u] < left ? chunks[i % {kinds}u] : left;
        while (pb_frontend_stream_take(&stream, &samples, &count)) {{
            (void)pb_frontend_stream_window(&stream, features);
            features += pb_generated_frontend.mel_bands;
        }}
    }}
"""


def case_source(name: str, spec: FrontendSpec, body: str, sound: NDArray[np.int16] = SOUND) -> str:
    """C of `void <name>(void)`, which leaves the features of all frames in `<name>__output`."""
    body = body.format(name=name, chunks=", ".join(map(str, CHUNKS)), kinds=len(CHUNKS))
    return (
        f"#define pb_generated_frontend {name}__frontend\n#define pb_generated_bins {name}__bins\n"
        f'{emit_c(spec)}#include "proofboard/frontend_stream.h"\n#define SAMPLES {sound.size}u\n'
        f"extern const int16_t sound[SAMPLES];\nint16_t {name}__output[{spec.frames(sound.size) * spec.mel_bands}];\n"
        f"void {name}(void);\nvoid {name}(void) {{{body}}}\n"
    )


def simulate(
    sources: Sequence[str], specs: Sequence[FrontendSpec], folder: Path, sound: NDArray[np.int16] = SOUND
) -> CycleRun:
    """One image with all cases; only what runs in `pb_frontend_frame` is counted."""
    numbers = ", ".join(map(str, sound.tolist()))
    texts = {
        "sound": f"#include <stdint.h>\nextern const int16_t sound[];\nconst int16_t sound[] = {{{numbers}}};\n",
        **{f"case_{index}": source for index, source in enumerate(sources)},
    }
    files = [folder / f"{name}.c" for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text, encoding="utf-8")
    objects = compile_units([Unit(files), firmware_unit()], folder)
    cases = [Case(f"case_{index}", 2 * spec.frames(sound.size) * spec.mel_bands) for index, spec in enumerate(specs)]
    return run_image(link_image(objects, cases, folder), load_board(BOARD), windows=["pb_frontend_frame"])
