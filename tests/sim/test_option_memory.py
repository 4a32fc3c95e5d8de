"""Option-setting memory is out of reach of flash class and flash algorithm, each on its own, on the virtual RA6E1.

The linker script and the check of the ELF file refuse it in tests/unit/test_build.py and test_elf.py, `PyocdProbe` in
test_virtual_flashing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.probe.board_target import register_board_target
from proofboard_harness.probe.gdbstub_probe import GdbStubProbe
from proofboard_harness.probe.ra6e1_flash import CODE_FLASH_BYTES, Ra6e1Flash
from proofboard_harness.simulator.virtual_ra6e1.launch import run_virtual
from pyocd.core import exceptions
from pyocd.core.session import Session

OPTIONS, PERMANENT_PROTECTION = 0x0100_A100, 0x0100_A260
OUTSIDE = [OPTIONS, PERMANENT_PROTECTION, CODE_FLASH_BYTES, 0x0800_0000]


@pytest.fixture(scope="module")
def flash() -> Iterator[Ra6e1Flash]:
    """The flash at address 0 of a chip under a debugger, its algorithm loaded."""
    spec = load_board("virtual-ra6e1")
    register_board_target(spec)
    with run_virtual(spec) as board:
        options = {"target_override": spec.pyocd_target, "no_config": True, "resume_on_disconnect": False}
        with Session(GdbStubProbe(*board.endpoints.gdb), auto_open=True, options=options) as session:
            target: Any = session.target
            flash = target.memory_map.get_region_for_address(0).flash
            flash.init(flash.Operation.ERASE)
            yield flash
            assert bytes(target.read_memory_block8(OPTIONS, 0x200)) == b"\xff" * 0x200


@pytest.mark.parametrize("address", OUTSIDE)
def test_flash_class_goes_no_further(flash: Ra6e1Flash, address: int) -> None:
    for attempt in (
        lambda: flash.erase_sector(address),
        lambda: flash.program_page(address, bytes(128)),
        lambda: flash.program_phrase(address, bytes(128)),
        lambda: flash.start_program_page_with_buffer(0, address),
        lambda: flash.program_page(CODE_FLASH_BYTES - 128, bytes(256)),
    ):
        with pytest.raises(exceptions.FlashFailure, match="nothing outside code flash is ever erased or programmed"):
            attempt()


@pytest.mark.parametrize("address", OUTSIDE)
@pytest.mark.parametrize("function", ["pc_erase_sector", "pc_program_page"])
def test_algorithm_refuses_on_its_own(flash: Ra6e1Flash, function: str, address: int) -> None:
    """As if the class had let it through."""
    buffer = flash.page_buffers[0]
    with pytest.raises(exceptions.FlashFailure, match="the address is outside code flash"):
        flash._call_function_and_wait(flash.flash_algo[function], r0=address, r1=128, r2=buffer)
