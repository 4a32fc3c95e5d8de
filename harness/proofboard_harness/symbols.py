"""What an image says of itself: its build id, and the function behind an address."""

from __future__ import annotations

from .elf import Image
from .errors import FirmwareFault

_NOTE_SECTION = ".note.gnu.build-id"
_NOTE_HEAD = 16  # name size, description size, type, "GNU\0": the ELF specification's note format
_BUILD_ID_BYTES = 20


def build_id(image: Image) -> str:
    """The linker's SHA-1 over the image, hex: what hello must answer.

    Raises:
        FirmwareFault: the image was linked without one.
    """
    note = next((section for section in image.sections if section.name == _NOTE_SECTION), None)
    if note is None or note.size != _NOTE_HEAD + _BUILD_ID_BYTES:
        raise FirmwareFault("carries no build id", where=str(image.path), hint="link it with --build-id=sha1")
    start = note.load_address + _NOTE_HEAD
    for segment in image.segments:
        if segment.address <= start and start + _BUILD_ID_BYTES <= segment.end:
            offset = start - segment.address
            return segment.data[offset : offset + _BUILD_ID_BYTES].hex()
    raise FirmwareFault("has a build id that is not loaded", where=str(image.path), hint="look at the linker script")


def locate(image: Image, address: int) -> str:
    """`0x10000abc (pb_dense_s8_run + 12)`; the bare address where no function is known."""
    plain = address & ~1  # a Thumb address has bit 0 set
    for symbol in image.symbols:
        start = symbol.address & ~1
        if symbol.section == ".text" and start <= plain < start + symbol.size:
            return f"0x{address:08x} ({symbol.name} + {plain - start})"
    return f"0x{address:08x}"
