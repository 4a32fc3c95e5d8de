"""Flashing the virtual RA6E1 through pyOCD, our algorithm executed by the virtual core: power cuts, errors, repairs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image, Segment
from proofboard_harness.errors import FirmwareFault, ProbeFault, TargetFault
from proofboard_harness.probe import flasher
from proofboard_harness.probe.flasher import PyocdProbe
from proofboard_harness.probe.gdb_remote import GdbRemote
from proofboard_harness.probe.rsp import RspClient
from proofboard_harness.simulator.virtual_ra6e1.launch import VirtualBoard, run_virtual
from proofboard_harness.spec import BoardSpec
from virtual_example import small_image

PADDING = 0x8000
"""Where random bytes begin behind the small image: blocks of 8 KiB, and from 0x10000 on of 32 KiB."""
OPTIONS, OPTION_BYTES = 0x0100_A100, 0x200
OPERATIONS = 150
"""Erasures and programmings in which the power may fail: fewer than most flashes take."""


@pytest.fixture
def spec() -> BoardSpec:
    return load_board("virtual-ra6e1")


@pytest.fixture
def board(spec: BoardSpec) -> Iterator[VirtualBoard]:
    with run_virtual(spec, ["--seed", "7"]) as board:
        yield board


def probe_of(spec: BoardSpec, board: VirtualBoard) -> PyocdProbe:
    host, port = board.endpoints.gdb
    return flasher.open_simulated_probe(spec, host, port, board.check_alive)


def monitor(board: VirtualBoard, command: str) -> str:
    """Between two probes: the stub serves one client at a time."""
    host, port = board.endpoints.gdb
    remote = GdbRemote(RspClient.connect(host, port))
    try:
        return remote.monitor(command)
    finally:
        remote.close()


def variant(image: Image, rng: random.Random) -> Image:
    """The image with other random bytes behind it, in a few of its blocks."""
    data = bytearray(random.Random(1).randbytes(0xA000))
    for _ in range(3):
        start = rng.randrange(len(data) - 64)
        data[start : start + 64] = rng.randbytes(64)
    return dataclasses.replace(image, segments=(*image.segments, Segment(PADDING, bytes(data))))


def survive_cuts(spec: BoardSpec, board: VirtualBoard, image: Image, cuts: int) -> int:
    """Flash again and again, each time with a power cut in some operation; how many met one.

    A write to option-setting memory would stop the machine for good: that it lives says that there was none.
    """
    rng = random.Random(3)
    met = 0
    probe = probe_of(spec, board)
    probe.program(image)
    for _ in range(cuts):
        probe.halt()
        probe.close()
        monitor(board, f"power_cut {rng.randrange(OPERATIONS)}")
        probe = probe_of(spec, board)
        wanted = variant(image, rng)
        try:
            probe.program(wanted)
        except ProbeFault:
            met += 1
            with contextlib.suppress(ProbeFault):
                probe.close()
            probe = probe_of(spec, board)
            probe.program(wanted)  # raises unless every byte reads back
        assert probe.read_memory(OPTIONS, OPTION_BYTES) == b"\xff" * OPTION_BYTES
        assert board.alive
    probe.close()
    return met


def test_the_next_flash_repairs_what_a_power_cut_left(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    assert survive_cuts(spec, board, small_image(tmp_path), 4) >= 3


@pytest.mark.slow
def test_many_power_cuts(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    cuts = int(os.environ.get("PROOFBOARD_POWER_CUTS", "20"))
    assert survive_cuts(spec, board, small_image(tmp_path), cuts) > 0.7 * cuts


def test_only_blocks_that_differ_are_written(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    image = small_image(tmp_path)
    probe = probe_of(spec, board)
    probe.program(image)
    probe.halt()
    probe.close()
    before = int(monitor(board, "flash_operations"))
    probe = probe_of(spec, board)
    probe.program(image)
    probe.halt()
    probe.close()
    assert before > 0
    assert int(monitor(board, "flash_operations")) == before


def test_a_byte_costs_its_own_block(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    """Of the padding's blocks the first, of 8 KiB, is one erasure and 64 programmings; the others stay as they are."""
    image = variant(small_image(tmp_path), random.Random(4))
    data = bytearray(image.segments[-1].data)
    data[5] ^= 0xFF
    changed = dataclasses.replace(image, segments=(*image.segments[:-1], Segment(PADDING, bytes(data))))
    operations = []
    for wanted in (image, changed):
        probe = probe_of(spec, board)
        probe.program(wanted)
        probe.halt()
        probe.close()
        operations.append(int(monitor(board, "flash_operations")))
    assert operations[1] - operations[0] == 1 + 0x2000 // 128


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (0, r"the block could not be erased \(FSTATR: ERSERR FRDY\)"),
        (1, r"the page could not be programmed \(FSTATR: PRGERR FRDY\)"),
    ],
)
def test_an_error_of_the_flash_is_reported_and_repaired(
    spec: BoardSpec, board: VirtualBoard, tmp_path: Path, operation: int, message: str
) -> None:
    monitor(board, f"program_error {operation}")
    probe = probe_of(spec, board)
    with pytest.raises(ProbeFault, match=f"programming failed: {message} .*address 0x00000000"):
        probe.program(small_image(tmp_path))
    probe.program(small_image(tmp_path))
    probe.close()


def test_a_mistake_of_the_firmware_is_the_error(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    probe = probe_of(spec, board)

    def run() -> None:
        probe.program(small_image(tmp_path, "PFS_LOCKED"))
        board.check_alive()

    with pytest.raises(TargetFault, match="the virtual board stopped: P109PFS was written while it is locked"):
        run()


def test_nothing_is_written_to_option_memory(spec: BoardSpec, board: VirtualBoard, tmp_path: Path) -> None:
    probe = probe_of(spec, board)
    image = small_image(tmp_path)
    with_options = dataclasses.replace(image, segments=(*image.segments, Segment(OPTIONS, b"\xff" * 4)))
    with pytest.raises(FirmwareFault, match="at 0x0100a100, in option_setting_memory"):
        probe.program(with_options)
    with pytest.raises(ProbeFault, match="nothing is ever written to option_setting_memory"):
        probe.write_memory(OPTIONS, b"\x00")
    assert probe.read_memory(OPTIONS, OPTION_BYTES) == b"\xff" * OPTION_BYTES
    probe.close()
