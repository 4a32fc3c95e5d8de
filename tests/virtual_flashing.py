"""pyOCD on the virtual RA6E1 with a small flash algorithm of the tests' own, executed by the virtual core."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path
from typing import Any

from proofboard_harness import toolchain
from proofboard_harness.elf import Image
from proofboard_harness.spec import BoardSpec, MemoryKind
from pyocd.core.memory_map import FlashRegion, MemoryMap, RamRegion
from pyocd.coresight.coresight_target import CoreSightTarget
from pyocd.target import TARGET

SOURCE = Path(__file__).parent / "sim" / "c" / "flash_algorithm.c"
_RAM = 0x2000_0000
_OPTIONS = ("-mcpu=cortex-m33", "-mthumb", "-O2", "-ffreestanding", "-nostdlib", "-Wall", "-Wextra", "-Werror")
_LAYOUT = (f"-Wl,--section-start=.header={_RAM:#x}", f"-Wl,-Ttext={_RAM + 4:#x}", "-Wl,-e,init")
_PAGE = 1024
TARGET_NAME = "virtual_ra6e1_of_tests"


def algorithm(folder: Path) -> dict[str, Any]:
    """The algorithm as pyOCD wants it."""
    elf = folder / "algorithm.elf"
    subprocess.run([toolchain.find(toolchain.ARM_GCC), *_OPTIONS, *_LAYOUT, str(SOURCE), "-o", str(elf)], check=True)
    image = Image.load(elf)
    code = bytearray()
    for segment in image.segments:
        code += bytes(segment.address - _RAM - len(code)) + segment.data
    code += bytes(-len(code) % 4)
    entries = {}
    for key, name in (("pc_init", "init"), ("pc_unInit", "uninit"), ("pc_erase_sector", "erase_sector")):
        entries[key] = _address(image, name)
    return entries | {
        "load_address": _RAM,
        "instructions": [int.from_bytes(code[at : at + 4], "little") for at in range(0, len(code), 4)],
        "pc_program_page": _address(image, "program_page"),
        "page_buffers": [_RAM + 0x2000],
        "begin_stack": _RAM + 0x2000,
        "end_stack": _RAM + 0x1000,
        "static_base": _RAM + 0x800,
        "min_program_length": 128,
        "analyzer_supported": False,
    }


def _address(image: Image, name: str) -> int:
    symbol = image.symbol(name)
    assert symbol is not None
    return symbol.address | 1


def register(spec: BoardSpec, algo: dict[str, Any]) -> BoardSpec:
    """Make a pyOCD target of the board with the algorithm; the board that names it."""
    regions = [
        RamRegion(name=memory.name, start=memory.start, length=memory.size)
        if memory.kind is MemoryKind.RAM
        else FlashRegion(
            name=memory.name, start=memory.start, length=memory.size, blocksize=memory.erase_block, page_size=_PAGE,
            erased_byte_value=memory.erased, algo=algo, is_boot_memory=True,
        )
        for memory in spec.memory
    ]  # fmt: skip

    class Target(CoreSightTarget):
        def __init__(self, session: Any) -> None:
            super().__init__(session, MemoryMap(*regions))

    TARGET[TARGET_NAME] = Target
    return dataclasses.replace(spec, probe=dataclasses.replace(spec.probe, target=TARGET_NAME))
