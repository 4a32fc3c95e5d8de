"""The virtual RA6E1 as a program meets it: small images with and without a mistake, its serial line, its speed."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from proofboard_harness.simulator.virtual_ra6e1.faults import MachineFault
from proofboard_harness.simulator.virtual_ra6e1.machine import Machine, Settings
from virtual_example import FAST, MODELLED, load, small_image

MESSAGE = bytes(range(256)) * 8


def exchange(machine_settings: Settings, folder: Path, mistake: str, sent: bytes) -> bytes:
    """Send bytes to the program, run until the line has been quiet; what came back."""
    heard = bytearray()
    quiet = 0

    def look(idle: bool) -> None:
        nonlocal quiet
        if machine.wire.from_target:
            quiet = 0
        heard.extend(machine.wire.from_target)
        machine.wire.from_target.clear()
        quiet += idle
        if quiet > 2:
            machine.stop()

    machine = Machine(machine_settings, look)
    load(machine, small_image(folder, mistake))
    machine.wire.to_target.extend(sent)
    machine.run()
    return bytes(heard)


@pytest.mark.parametrize("settings", [FAST, MODELLED], ids=["fast", "modelled"])
def test_a_program_without_mistakes_echoes(settings: Settings, tmp_path: Path) -> None:
    assert exchange(settings, tmp_path, "NONE", MESSAGE) == MESSAGE


@pytest.mark.parametrize(
    ("mistake", "named"),
    [
        ("WAIT_STATE_MISSING", "FLWT is 0, but ICLK of 200 MHz needs 3 wait states"),
        ("PFS_LOCKED", "P109PFS was written while it is locked: PWPR.PFSWE is 0"),
        ("PLL_BEFORE_HOCO_STABLE", "PLLCR started the PLL from the HOCO before that is stable: OSCSF.HOCOSF is 0"),
        ("OVERRUN_IGNORED", r"SCI9.SSR.ORER: the receive FIFO overran, \d+ bytes were lost"),
    ],
)
def test_a_mistake_is_named(mistake: str, named: str, tmp_path: Path) -> None:
    with pytest.raises(MachineFault, match=named) as caught:
        exchange(FAST, tmp_path, mistake, MESSAGE)
    assert "PC 0x" in caught.value.where or mistake == "OVERRUN_IGNORED"


def test_reset_leaves_the_core_in_thumb_state(tmp_path: Path) -> None:
    machine = Machine(FAST)
    load(machine, small_image(tmp_path))
    assert machine.cpu.read_register("xpsr") >> 24 & 1
    vector = int.from_bytes(machine.cpu.read_memory(4, 4), "little")
    assert machine.cpu.read_register("pc") == vector - 1


def test_modelled_cycles_are_the_same_every_time(tmp_path: Path) -> None:
    def cycles() -> tuple[int, int]:
        machine = Machine(MODELLED, lambda idle: machine.stop() if idle else None)
        load(machine, small_image(tmp_path))
        machine.wire.to_target.extend(MESSAGE)
        machine.run()
        return machine.cycles, machine.instructions

    first = cycles()
    assert first == cycles()
    assert first[0] > first[1]


@pytest.mark.parametrize("settings", [FAST, MODELLED], ids=["fast", "modelled"])
@pytest.mark.parametrize("stops", [0, 25])
def test_conditional_accesses_whoever_stops_the_core(settings: Settings, stops: int, tmp_path: Path) -> None:
    image = small_image(tmp_path, source="virtual_conditions.c")
    end = image.symbol("done")
    assert end is not None
    machine = Machine(settings)
    load(machine, image)
    for steps in range(stops):
        for _ in range(steps):
            machine.step()
        machine.stop()  # at the begin of the next block
        machine.run()
    machine.cpu.set_breakpoints({end.address})
    machine.run()
    values = [i * 7 % 5 for i in range(3000)]
    expected = (3 * sum(v % 2 == 0 for v in values), 5 * sum(v % 2 == 1 for v in values), sum(range(3000)))
    assert struct.unpack("<3I", machine.cpu.read_memory(0x2000_1000, 12)) == expected
