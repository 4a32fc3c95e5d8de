"""Board files: every shipped one loads; every wrong key or value is one error that names file, key and value."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from board_example import METAL
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.boards import boards_folder, known_boards, load_board, with_pack
from proofboard_harness.errors import ConfigurationFault
from proofboard_harness.measurement import Source
from proofboard_harness.spec import CostUnit, LinkSpec, MemoryKind, MemoryRegion, ProbeKind, TimingSpec, read_board

AN505 = "qemu-mps2-an505"


def _simulated(tmp_path: Path, old: str = "", new: str = "") -> Path:
    """The shipped AN505 file with one piece replaced."""
    text = (boards_folder() / AN505 / "board.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "board.toml"
    path.write_text(text.replace(old, new, 1) if old else text, encoding="utf-8")
    return path


def _metal(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert old in METAL
    path = tmp_path / "board.toml"
    path.write_text(METAL.replace(old, new, 1) if old else METAL, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", known_boards())
def test_shipped_board_loads_under_its_folder_name(name: str) -> None:
    assert load_board(name).name == name


def test_an505_is_what_the_simulator_is() -> None:
    spec = load_board(AN505)
    assert spec.probe.kind is ProbeKind.GDBSTUB
    assert spec.simulator is not None
    assert spec.simulator.machine == "mps2-an505"
    assert spec.link.lanes == 4
    assert spec.pyocd_target == "qemu_mps2_an505"
    flash, ram = spec.memory
    assert (flash.start, flash.kind) == (0x1000_0000, MemoryKind.FLASH)
    assert (ram.start, ram.kind) == (0x3800_0000, MemoryKind.RAM)
    assert spec.total(MemoryKind.FLASH) == 1 << 20
    assert spec.region_of(0x1000_0000 + (1 << 20)) is None


def test_an505_ticks_become_instructions() -> None:
    # Measured on QEMU 7.2: 600 000 instructions under -icount shift=6 gave 768 006 SysTick ticks.
    assert load_board(AN505).timing.to_units(768_006) == pytest.approx(600_000, abs=5)


def test_metal_board_is_read_whole(tmp_path: Path) -> None:
    spec = read_board(_metal(tmp_path))
    assert spec.simulator is None
    assert spec.probe.pack == tmp_path / "packs/ra.pack"
    assert spec.pyocd_target == "r7fa6e10f"
    assert spec.link == LinkSpec(baud=1_000_000, lanes=1, usb_serial="AB12")
    assert spec.link.fastest == 1_000_000
    assert spec.timing.to_units(123_456_789) == 123_456_789
    assert spec.memory[0].program_page == 0x2000, "the page is the erase block where none is given"
    assert spec.limits.boot_seconds == 5.0


@pytest.mark.parametrize("uid", ["remote:bench", "remote:10.0.0.7:5555"])
def test_probe_at_another_machine(tmp_path: Path, uid: str) -> None:
    assert read_board(_metal(tmp_path, 'uid = "0123"', f'uid = "{uid}"')).probe.uid == uid


def test_board_by_path_of_folder_or_file(tmp_path: Path) -> None:
    path = _metal(tmp_path)
    assert load_board(str(tmp_path)) == load_board(str(path))


def test_virtual_board_runs_the_image_of_the_real_one() -> None:
    virtual, real = load_board("virtual-ra6e1"), load_board("fpb-ra6e1")
    assert virtual.image_folder == real.folder == real.image_folder
    assert (virtual.link.baud, virtual.timing.clock_hz) == (real.link.baud, real.timing.clock_hz)
    assert virtual.memory == real.memory


def test_pack_takes_the_place_of_our_target(tmp_path: Path) -> None:
    board = load_board("fpb-ra6e1")
    assert board.pyocd_target == "fpb_ra6e1"
    packed = with_pack(board, tmp_path / "ra.pack")
    assert (packed.brings_target, packed.pyocd_target) == (False, "r7fa6e10f")
    assert packed.probe.pack == tmp_path / "ra.pack"
    assert with_pack(board, None) == board
    with pytest.raises(ConfigurationFault, match="a simulated board takes no pack"):
        with_pack(load_board(AN505), tmp_path / "ra.pack")


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationFault, match="unknown board 'qemu-nothing'") as caught:
        load_board("qemu-nothing")
    assert AN505 in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('mcu = "Cortex-M33"', "", r"board\.toml: board: key 'mcu' is missing"),
        ('mcu = "Cortex-M33"', "mcu = 33", r"board: mcu: expected str, found 33"),
        ("baud = 115_200", "baud = true", r"link: baud: expected int, found True"),
        ("baud = 115_200", "baud = 0", r"link: baud: 0 is not in 1\.\."),
        ("lanes = 4", "lanes = 4\nparity = 1", r"link: unknown key 'parity'"),
        ("lanes = 4", 'url = "/dev/ttyACM0"', r"a simulator opens its own ports"),
        ('kind = "flash"', 'kind = "eeprom"', r"memory\.flash: kind: 'eeprom' is not one of flash, ram"),
        ('kind = "flash"', 'kind = "ram"', r"memory\.flash: unknown key"),
        ("erase_block = 0x2000", "erase_block = 0x3000", r"memory\.flash: start: 0x10000000 is not a multiple"),
        ("program_page = 0x800", "program_page = 0x4000", r"program_page: 16384 is not in 1\.\.8192"),
        ("start = 0x3800_0000", "start = 0x1000_2000", r"memory\.ram: overlaps memory\.flash at 0x10002000"),
        ("start = 0x3800_0000", "start = 0x1_0000_0000", r"memory\.ram: start: 4294967296 is not in"),
        ('kind = "gdbstub"', 'kind = "pyocd"\ntarget = "x"', r"a simulator needs the probe kind 'gdbstub'"),
        ('kind = "qemu"', 'kind = "gem5"', r"simulator: kind: 'gem5' is not one of qemu"),
        ("icount_shift = 6", "icount_shift = 5", r"units_per_tick: 25/32 contradicts the clocks, .* 25/16"),
        ("units_per_tick = [25, 32]", "units_per_tick = [25]", r"expected 2 positive integers, found \[25\]"),
        ('unit = "instructions"', 'unit = "cycles"', r"timing: unit: 'cycles' can't be counted here"),
        ('source = "modelled"', 'source = "measured"', r"timing: source: 'measured' is not what this is"),
        ("boot_seconds = 20", "boot_seconds = 0", r"limits: boot_seconds: 0\.0 is not a positive time"),
        ('features = ["dsp", "fpu"]', 'features = ["dsp", 7]', r"board: features\[1\]: expected str, found 7"),
        ('name = "qemu', 'image_of = "nobody"\nname = "qemu', r"board: image_of: there is no board 'nobody' beside"),
        ("\n[cache]", "\n[forbidden.x]\nstart = 0x1000_0000\nsize = 1\n[cache]", r"flash: has bytes in forbidden\.x"),
        ("erased = 0xFF", 'erased = 0xFF\nalgorithm = "other"', r"algorithm: 'other' is not one of ra6e1"),
        ("[limits]", "[limitz]", r"key 'limits' is missing"),
        ("[limits]", "[own_code]\nrom = 1\n[limits]", r"own_code: key 'ram' is missing"),
        ("[board]", "[board", r"is not TOML"),
    ],
)
def test_wrong_file_is_one_clear_error(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = _simulated(tmp_path, old, new)
    with pytest.raises(ConfigurationFault, match=message) as caught:
        read_board(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('usb_serial = "AB12"', 'usb_serial = "AB12"\nurl = "COM3"', r"url, usb_serial: give one of them"),
        ('usb_serial = "AB12"', 'usb_id = "AB12"', r"usb_id: 'AB12' is no '<vendor>:<product>' of four hex"),
        ('usb_serial = "AB12"', "fastest_baud = 921600", r"fastest_baud: 921600 is below baud, 1000000"),
        ('usb_serial = "AB12"', "fastest_baud = 4000001", r"fastest_baud: 4000001 is not in 0..4000000"),
        ('usb_serial = "AB12"', "lanes = 2", r"lanes: 2 lanes need a simulator"),
        ('kind = "pyocd"', 'kind = "gdbstub"', r"probe: unknown key"),
        ("units_per_tick = [1, 1]", "units_per_tick = [2, 1]", r"contradicts the clocks, which make it 1"),
        ('uid = "0123"', 'uid = "remote:"', r"probe: uid: 'remote:' is not remote:HOST or remote:HOST:PORT"),
        ('uid = "0123"', 'uid = "remote:bench:one"', r"'remote:bench:one' is not remote:HOST or"),
    ],
)
def test_wrong_file_of_a_real_board(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationFault, match=message):
        read_board(_metal(tmp_path, old, new))


def test_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "board.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationFault, match="is not UTF-8 text"):
        read_board(path)


@given(ticks=st.integers(0, 1 << 40), numerator=st.integers(1, 10_000), denominator=st.integers(1, 10_000))
def test_unit_conversion_is_nearest(ticks: int, numerator: int, denominator: int) -> None:
    ratio = Fraction(numerator, denominator)
    timing = TimingSpec(1, "systick", 1, CostUnit.INSTRUCTIONS, Source.MODELLED, ratio)
    assert abs(timing.to_units(ticks) - ticks * ratio) <= Fraction(1, 2)


@given(start=st.integers(0, 1000), size=st.integers(1, 1000), address=st.integers(0, 2500), length=st.integers(1, 500))
def test_region_contains_exactly_its_addresses(start: int, size: int, address: int, length: int) -> None:
    region = MemoryRegion("m", MemoryKind.RAM, start, size)
    inside = set(range(start, start + size))
    assert region.contains(address, length) == set(range(address, address + length)).issubset(inside)
