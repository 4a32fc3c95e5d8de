"""A virtual RA6E1 within the test's own process, and small images for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from proofboard_harness import toolchain
from proofboard_harness.elf import Image
from proofboard_harness.simulator.virtual_ra6e1.machine import CacheModel, Machine, Settings

_SOURCES = Path(__file__).parent / "sim" / "c"
_OPTIONS = ("-mcpu=cortex-m33", "-mthumb", "-O2", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror")
_LAYOUT = ("-Wl,--section-start=.vectors=0", "-Wl,-Ttext=0x100", "-Wl,-e,reset")

FAST = Settings()
MODELLED = Settings(cache=CacheModel())


def small_image(folder: Path, mistake: str = "NONE", source: str = "virtual_image.c") -> Image:
    """`source` with a mistake, where it knows one."""
    elf = folder / f"{mistake.lower()}.elf"
    compiler = toolchain.find(toolchain.ARM_GCC)
    command = [compiler, *_OPTIONS, *_LAYOUT, f"-DMISTAKE={mistake}", str(_SOURCES / source), "-o", str(elf)]
    subprocess.run(command, check=True)
    return Image.load(elf)


def load(machine: Machine, image: Image) -> None:
    """Put an image into flash as if it had always been there, and reset."""
    for segment in image.segments:
        machine.cpu.write_memory(segment.address, segment.data)
    machine.reset()
