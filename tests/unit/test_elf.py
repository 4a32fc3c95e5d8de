"""Images: sizes and coverage of an ELF that the Arm toolchain made, and files that are none."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image, Section, check_coverage, sizes
from proofboard_harness.errors import FirmwareFault
from proofboard_harness.spec import BoardSpec

_SOURCE = """
extern unsigned stack_top;
const unsigned char table[300] = {1, 2, 3};
unsigned initialised[5] = {1};
unsigned zeroed[50];
void reset(void);
__attribute__((section(".vectors"), used)) const void *const vectors[2] = {&stack_top, reset};
void reset(void) { for (;;) { zeroed[table[0]] += initialised[0]; } }
"""

_LINKER_SCRIPT = """
MEMORY { FLASH (rx) : ORIGIN = %s, LENGTH = 1M   RAM (rwx) : ORIGIN = 0x38000000, LENGTH = 256K }
SECTIONS {
  .text : { KEEP(*(.vectors)) *(.text*) *(.rodata*) } > FLASH
  .data : { *(.data*) } > RAM AT> FLASH
  .bss (NOLOAD) : { *(.bss*) *(COMMON) } > RAM
  .stack (NOLOAD) : { . += 1024; stack_top = .; } > RAM
}
"""


@pytest.fixture(scope="module")
def board() -> BoardSpec:
    return load_board("qemu-mps2-an505")


def _build(folder: Path, flash: str = "0x10000000") -> Path:
    (folder / "image.c").write_text(_SOURCE)
    (folder / "image.ld").write_text(_LINKER_SCRIPT % flash)
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m33", "-mthumb", "-Os", "-nostdlib", "-ffreestanding"]
    subprocess.run([*command, "-T", "image.ld", "image.c", "-o", "image.elf"], cwd=folder, check=True)
    return folder / "image.elf"


def test_sizes_are_those_of_what_was_compiled(tmp_path: Path, board: BoardSpec) -> None:
    image = Image.load(_build(tmp_path))
    check_coverage(image, board)
    measured = sizes(image, board)
    symbols = {symbol.name: symbol for symbol in measured.symbols}
    assert (symbols["table"].size, symbols["table"].section) == (300, ".text")
    assert (symbols["zeroed"].size, symbols["zeroed"].section) == (200, ".bss")
    assert symbols["reset"].address % 2 == 0, "the Thumb bit is no part of an address"
    sections = {section.name: section for section in measured.sections}
    assert set(sections) == {".text", ".data", ".bss", ".stack"}
    assert sections[".data"].size == 20
    assert sections[".data"].load_address == sections[".text"].load_address + sections[".text"].size
    assert measured.rom_bytes == sections[".text"].size + 20
    assert measured.ram_bytes == 20 + 200 + 1024
    assert image.segments[0].address == 0x1000_0000
    assert image.symbol("vectors") == symbols["vectors"]
    assert image.symbol("nothing") is None


def test_bytes_outside_the_memories_are_named(tmp_path: Path, board: BoardSpec) -> None:
    image = Image.load(_build(tmp_path, flash="0x100ffff0"))
    with pytest.raises(FirmwareFault, match=r"section \.text has bytes at 0x10100000, where qemu-mps2-an505 has no"):
        check_coverage(image, board)


def test_bytes_in_a_forbidden_range_are_refused(tmp_path: Path) -> None:
    image = Image.load(_build(tmp_path, flash="0x0100a000"))
    with pytest.raises(FirmwareFault, match=r"section \.text has bytes at 0x0100a000, in option_setting_memory"):
        check_coverage(image, load_board("fpb-ra6e1"))


def test_image_without_contents(board: BoardSpec) -> None:
    with pytest.raises(FirmwareFault, match="holds nothing to be programmed"):
        check_coverage(Image(Path("empty.elf"), 0, (), (Section(".bss", 0x3800_0000, 0, 4, False),), ()), board)


def test_truncated_image(tmp_path: Path) -> None:
    whole = _build(tmp_path).read_bytes()
    path = tmp_path / "cut.elf"
    path.write_bytes(whole[:0x1010])
    with pytest.raises(FirmwareFault, match="is not an ELF file"):
        Image.load(path)


@pytest.mark.parametrize("contents", [b"", b"\x7fELF", b"This is no image at all, but long enough for a header." * 4])
def test_file_that_is_no_image(tmp_path: Path, contents: bytes) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(contents)
    with pytest.raises(FirmwareFault, match="is not an ELF file"):
        Image.load(path)


def test_image_of_another_machine(tmp_path: Path) -> None:
    path = _build(tmp_path)
    contents = bytearray(path.read_bytes())
    contents[18:20] = (62).to_bytes(2, "little")  # e_machine = EM_X86_64
    path.write_bytes(contents)
    with pytest.raises(FirmwareFault, match="is not a 32-bit little-endian Arm image"):
        Image.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FirmwareFault, match="can't be read: No such file"):
        Image.load(tmp_path / "none.elf")
