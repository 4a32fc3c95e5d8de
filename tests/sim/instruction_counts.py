"""Counts instructions of operators and of the front end's stages on QEMU: a bare image around the firmware's own
sources, compiled with the flags of `firmware/CMakeLists.txt`, read by SysTick.

Under `-icount shift=6` an instruction takes 64 ns of simulated time and a tick of SysTick at 20 MHz 50 ns, so a count
is good to one instruction.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from proofboard_harness.boards import boards_folder
from proofboard_harness.build import firmware_folder
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import FrontendSpec
from proofboard_host.graph.emit import emit_network
from proofboard_host.graph.graph import Graph

STAGES = ("shift", "window", "fft", "power", "mel")
_MAX_FRAMES = 4

_MAIN = """
#include "frontend_stages.h"
#include "proofboard/network.h"
#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CVR REGISTER(0xE000E018u)

void pb_fault_entry(void);
int main(void);

static uint32_t marks[PB_MAX_LAYERS + 1];
static int32_t words[PB_MAX_LOGITS];
static int16_t features[4 * 64]; /* the most frames, the most bands */
static pb_bin bins[1024 / 2]; /* of the longest frame */

static void put(char character) {
    REGISTER(0x40200000u) = (uint32_t)character;
}

static void report(uint32_t since, uint32_t until) {
    uint32_t ticks = (since - until) & 0xFFFFFFu;
    char digits[8];
    int count = 0;
    do {
        digits[count++] = (char)('0' + ticks % 10);
        ticks /= 10;
    } while (ticks > 0);
    while (count > 0) {
        put(digits[--count]);
    }
    put('\\n');
}

__attribute__((noreturn)) static void leave(uint32_t reason) {
    register uint32_t operation __asm("r0") = 0x18; /* SYS_EXIT */
    register uint32_t argument __asm("r1") = reason;
    __asm volatile("bkpt 0xAB" ::"r"(operation), "r"(argument));
    for (;;) {
    }
}

void pb_fault_entry(void) {
    leave(0x20024);
}

static void mark(void *context, uint32_t layer, const void *values, uint32_t bytes) {
    (void)context, (void)values, (void)bytes;
    marks[layer + 1] = SYST_CVR;
}

typedef uint32_t (*network_run)(const int16_t *, int32_t *, pb_layer_observer, void *);

static void count_network(network_run run, const int16_t *input, uint32_t layers) {
    marks[0] = SYST_CVR;
    (void)run(input, words, mark, 0);
    const uint32_t observed = SYST_CVR;
    for (uint32_t i = 0; i < layers; i++) {
        report(marks[i], marks[i + 1]);
    }
    report(marks[0], observed);
    const uint32_t start = SYST_CVR;
    (void)run(input, words, 0, 0);
    const uint32_t end = SYST_CVR;
    report(start, end);
}

static void count_frontend(const pb_frontend *frontend, const int16_t *pcm, uint32_t samples) {
    uint32_t at[6];
    at[0] = SYST_CVR;
    const uint32_t shift = pb_frontend_shift(frontend, pcm);
    at[1] = SYST_CVR;
    pb_frontend_window(frontend, pcm, shift, bins);
    at[2] = SYST_CVR;
    pb_frontend_fft(frontend, bins);
    at[3] = SYST_CVR;
    pb_frontend_power(frontend, bins);
    at[4] = SYST_CVR;
    pb_frontend_mel(frontend, bins, shift, features);
    at[5] = SYST_CVR;
    for (uint32_t i = 0; i < 5; i++) {
        report(at[i], at[i + 1]);
    }
    const uint32_t start = SYST_CVR;
    (void)pb_frontend_run(frontend, pcm, samples, features, bins);
    const uint32_t end = SYST_CVR;
    report(start, end);
}
"""


@dataclass(frozen=True)
class NetworkCount:
    """Instructions of each layer with its call, and of the whole network."""

    layers: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class FrontendCount:
    """Instructions of each of STAGES for one frame, and of a run over `samples` of sound."""

    stages: tuple[int, ...]
    samples: int
    total: int


def count(
    graphs: Sequence[Graph], specifications: Sequence[FrontendSpec], folder: Path
) -> tuple[list[NetworkCount], list[FrontendCount]]:
    """Build one image with everything in it, run it once, and read its counts. `folder` takes the build."""
    sounds = [spec.frame + i % _MAX_FRAMES * spec.hop for i, spec in enumerate(specifications)]  # 1 to 4 frames
    sources = [_write(folder / f"network_{i}.c", _network_source(i, graph)) for i, graph in enumerate(graphs)]
    sources += [_write(folder / f"frontend_{i}.c", _frontend_source(i, s)) for i, s in enumerate(specifications)]
    sources.append(_write(folder / "main.c", _main_source(graphs, sounds)))
    numbers = iter(_run(_compile(sources, folder)))
    networks, frontends = [], []
    for graph in graphs:
        marks = [next(numbers) for _ in graph.operators]
        observed, total = next(numbers), next(numbers)
        overhead = (observed - total) / len(marks)  # of the observer, which a measured run doesn't have
        layers = tuple(_instructions(ticks - overhead) for ticks in marks)
        networks.append(NetworkCount(layers, _instructions(total)))
    for samples in sounds:
        stages = tuple(_instructions(next(numbers)) for _ in STAGES)
        frontends.append(FrontendCount(stages, samples, _instructions(next(numbers))))
    return networks, frontends


def _instructions(ticks: float) -> int:
    return round(ticks * 50 / 64)


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def _network_source(index: int, graph: Graph) -> str:
    """The generated C under names of its own, so that several networks fit into one image."""
    renames = "".join(
        f"#define {name} {name.removeprefix('pb_generated_')}_{index}\n"
        for name in ("pb_generated_network", "pb_generated_network_run", "arena")
    )
    return renames + emit_network(graph, window=1)


def _frontend_source(index: int, specification: FrontendSpec) -> str:
    names = f"#define pb_generated_frontend frontend_{index}\n#define pb_generated_bins bins_{index}\n"
    return names + emit_c(specification)


def _main_source(graphs: Sequence[Graph], sounds: Sequence[int]) -> str:
    rng = np.random.default_rng(1)
    parts, calls = [_MAIN], []
    for index, graph in enumerate(graphs):
        parts.append(f"uint32_t network_run_{index}(const int16_t *, int32_t *, pb_layer_observer, void *);\n")
        parts.append(_array(f"input_{index}", rng.normal(13, 3, graph.input.size) * 256))
        calls.append(f"    count_network(network_run_{index}, input_{index}, {len(graph.operators)});\n")
    parts.append(_array("sound", rng.normal(0, 3000, max(sounds, default=1))))
    for index, samples in enumerate(sounds):
        parts.append(f"extern const pb_frontend frontend_{index};\n")
        calls.append(f"    count_frontend(&frontend_{index}, sound, {samples});\n")
    start = "    REGISTER(0x40200008u) = 1; /* UART0: transmit */\n    REGISTER(0x40200010u) = 16;\n"
    start += "    REGISTER(0xE000E014u) = 0xFFFFFF;\n    SYST_CVR = 0;\n    REGISTER(0xE000E010u) = 5;\n"
    unused = "    (void)sound;\n    (void)count_network;\n    (void)count_frontend;\n"
    return "".join([*parts, "int main(void) {\n", unused, start, *calls, "    leave(0x20026);\n}\n"])


def _array(name: str, values: np.ndarray) -> str:
    numbers = ", ".join(str(int(value)) for value in np.clip(values, -32768, 32767))
    return f"static const int16_t {name}[] = {{{numbers}}};\n"


def _flags() -> list[str]:
    """What the firmware is compiled with, from its own build files: a change there must show here."""
    firmware = firmware_folder()
    common = re.search(r"add_compile_options\((-Wall[^)]*)\)", (firmware / "CMakeLists.txt").read_text())
    core = re.search(r'CMAKE_C_FLAGS_INIT "([^"]*)"', (firmware / "cmake" / "cortex-m33.cmake").read_text())
    assert common is not None
    assert core is not None
    return [*core[1].split(), *common[1].split(), "-std=gnu11", "-ffreestanding"]


def _compile(sources: Sequence[Path], folder: Path) -> Path:
    firmware, board = firmware_folder(), boards_folder() / "qemu-mps2-an505"
    application = {"main.c", "link.c", "frame.c", "cobs.c", "stack.c"}
    operators = [path for path in sorted((firmware / "src").glob("*.c")) if path.name not in application]
    includes = [f"-I{path}" for path in (firmware / "include", firmware / "src", firmware / "cortex_m")]
    link = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections", "-Wl,--build-id=sha1"]
    link += [f"-L{firmware / 'cortex_m'}", f"-T{board / 'link.ld'}"]
    image = folder / "counts.elf"
    inputs = [*sources, *operators, firmware / "cortex_m" / "startup.c"]
    command = ["arm-none-eabi-gcc", *_flags(), *includes, *link, *map(str, inputs), "-o", str(image)]
    subprocess.run(command, check=True)
    return image


def _run(image: Path) -> list[int]:
    command = ["qemu-system-arm", "-M", "mps2-an505", "-icount", "shift=6,sleep=off", "-kernel", str(image)]
    command += ["-display", "none", "-monitor", "none", "-serial", "stdio"]
    command += ["-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL)
    return [int(line) for line in done.stdout.split()]
