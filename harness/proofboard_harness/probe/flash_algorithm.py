"""A flash algorithm: compiled from `firmware/flash_algorithm/<name>`, as the dictionary that pyOCD wants.

The code is position-independent and small, so that compiling it takes a fraction of a second: it is done for each
session, and can't be stale. Keys of the dictionary: pyOCD, flash/flash.py.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import toolchain
from ..build import firmware_folder
from ..elf import Image
from ..errors import FirmwareFault

PAGE_BYTES = 1024
"""What the debugger hands over at once: several of the flash's program pages, as each call costs a round trip."""

_CODE_BYTES = 0x800
_STACK_BYTES = 0x800
_FLAGS = (
    "-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=soft", "-Os", "-std=gnu11", "-ffreestanding", "-fno-jump-tables",
    "-Wall", "-Wextra", "-Werror", "-Wconversion", "-nostdlib", "-Wl,--fatal-warnings", "-Wl,--no-warn-rwx-segments",
)  # fmt: skip
_ENTRIES = {
    "pc_init": "init",
    "pc_unInit": "uninit",
    "pc_erase_sector": "erase_sector",
    "pc_program_page": "program_page",
    "pc_verify": "verify",
}


@dataclass(frozen=True)
class Algorithm:
    """`code`: from the return instruction on, a multiple of 4 bytes. `entries`: pyOCD's key to the offset of a
    function in it."""

    code: bytes
    entries: Mapping[str, int]

    def at(self, address: int) -> dict[str, Any]:
        """As pyOCD wants it, in RAM from `address` on: code, stack, then two buffers of `PAGE_BYTES`."""
        stack_end = address + _CODE_BYTES
        stack_begin = stack_end + _STACK_BYTES
        words = [int.from_bytes(self.code[start : start + 4], "little") for start in range(0, len(self.code), 4)]
        entries = {key: (address + offset) | 1 for key, offset in self.entries.items()}  # bit 0: Thumb
        return entries | {
            "load_address": address,
            "instructions": words,
            "begin_stack": stack_begin,
            "end_stack": stack_end,
            "static_base": stack_end,  # there is no data
            "page_buffers": [stack_begin, stack_begin + PAGE_BYTES],
            "min_program_length": PAGE_BYTES,  # pyOCD programs by pages
            "analyzer_supported": False,
        }


def build_algorithm(name: str) -> Algorithm:
    """Compile the algorithm of that name.

    Raises:
        ToolMissing: there is no cross compiler.
        FirmwareFault: it does not compile, or is too large for its place.
    """
    firmware = firmware_folder()
    folder = firmware / "flash_algorithm" / name
    gcc = toolchain.find(toolchain.ARM_GCC)
    with tempfile.TemporaryDirectory() as work:
        elf = Path(work) / "algorithm.elf"
        script = f"-Wl,-T,{folder / 'algorithm.ld'},-e,{name}_flash_init"
        includes = f"-I{firmware / 'chips' / name}"
        sources = sorted(folder.glob("*.c"))
        toolchain.run([gcc, *_FLAGS, includes, *sources, script, "-o", elf], what="compiling the flash algorithm")
        image = Image.load(elf)
    (segment,) = image.segments
    if len(segment.data) > _CODE_BYTES:
        raise FirmwareFault(f"takes {len(segment.data)} bytes, its place has {_CODE_BYTES}", where=str(folder))
    return Algorithm(
        segment.data, {key: _offset(image, f"{name}_flash_{function}") for key, function in _ENTRIES.items()}
    )


def _offset(image: Image, name: str) -> int:
    symbol = image.symbol(name)
    if symbol is None:
        raise FirmwareFault(f"has no function {name}", where=str(image.path))
    return symbol.address
