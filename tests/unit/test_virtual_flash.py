"""The virtual RA6E1's flash sequencer: the flow that erases and programs, and what goes wrong on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.simulator.virtual_ra6e1.faults import MachineFault, OptionMemoryFault, PowerLoss
from proofboard_harness.simulator.virtual_ra6e1.injection import FaultPlan
from proofboard_harness.simulator.virtual_ra6e1.machine import Machine, Settings

FACI, COMMANDS = 0x407F_E000, 0x407E_0000
SYSTEM = 0x4001_E000
FRDY, ILGLERR, PRGERR, ERSERR, CMDLK, CFAE = 1 << 15, 1 << 14, 1 << 12, 1 << 13, 1 << 4, 1 << 7
PAGE = bytes(range(128))


class Sequencer:
    """Drives the registers as a flash algorithm does."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def start(self) -> None:
        machine = self.machine
        machine.write(SYSTEM + 0x3FE, 2, 0xA501)
        machine.write(SYSTEM + 0x20, 4, 0)
        machine.write(SYSTEM + 0x416, 1, 1)
        machine.write(FACI + 0xE4, 2, 0x1E08)
        machine.write(FACI + 0x44, 2, 0xD900)
        machine.write(FACI + 0x84, 2, 0xAA01)

    def end(self) -> None:
        self.machine.write(FACI + 0x84, 2, 0xAA00)

    def command(self, *values: int) -> None:
        for value in values:
            self.machine.write(COMMANDS, 1, value)

    def wait(self) -> int:
        for _ in range(100):
            status = self.machine.read(FACI + 0x80, 4)
            if status & FRDY:
                return status
        raise AssertionError("FRDY does not come")

    def erase(self, address: int) -> int:
        self.machine.write(FACI + 0x30, 4, address)
        self.command(0x20, 0xD0)
        return self.wait()

    def program(self, address: int, data: bytes = PAGE) -> int:
        self.machine.write(FACI + 0x30, 4, address)
        self.command(0xE8, 0x40)
        for offset in range(0, len(data), 2):
            self.machine.write(COMMANDS, 2, int.from_bytes(data[offset : offset + 2], "little"))
        self.command(0xD0)
        return self.wait()

    def fill(self, block: int, pages: int) -> None:
        self.erase(block)
        for page in range(pages):
            self.program(block + 128 * page)


def sequencer(plan: FaultPlan | None = None) -> Sequencer:
    return Sequencer(Machine(Settings(plan=plan or FaultPlan())))


def flash(of: Sequencer, address: int, size: int) -> bytes:
    return of.machine.cpu.read_memory(address, size)


def test_erase_and_program() -> None:
    one = sequencer()
    one.machine.cpu.write_memory(0, bytes(0x20000))
    one.start()
    assert one.erase(0x2000) == FRDY
    assert one.erase(0x10000) == FRDY
    assert one.program(0x2080) == FRDY
    one.end()
    assert flash(one, 0x1FFF, 2) == b"\x00\xff"
    assert flash(one, 0x2080, 128) == PAGE
    assert flash(one, 0x3FFF, 2) == b"\xff\x00"
    assert flash(one, 0xFFFF, 0x8002) == b"\x00" + b"\xff" * 0x8000 + b"\x00"


@pytest.mark.parametrize(
    ("address", "size", "value", "named"),
    [
        (FACI + 0x84, 2, 0xAA01, "FMEPROT protects it"),
        (FACI + 0x84, 2, 0x0001, "without the key 0xaa"),
        (FACI + 0x84, 2, 0xAA80, "only P/E of code flash"),
        (FACI + 0x44, 2, 0x0000, "without the key 0xd9"),
        (FACI + 0xE4, 2, 0x0008, "without the key 0x1e"),
        (FACI + 0x90, 2, 0, r"FACI\+0x90 .* not modelled"),
    ],
)
def test_a_wrong_write_is_named(address: int, size: int, value: int, named: str) -> None:
    with pytest.raises(MachineFault, match=named):
        sequencer().machine.write(address, size, value)


def test_flash_clock_below_its_minimum() -> None:
    one = sequencer()
    one.machine.write(SYSTEM + 0x416, 1, 1)
    one.machine.write(FACI + 0x44, 2, 0xD900)
    with pytest.raises(MachineFault, match="FCLK is 2 MHz"):
        one.machine.write(FACI + 0x84, 2, 0xAA01)


def test_announced_frequency_is_compared() -> None:
    one = sequencer()
    one.start()
    one.end()
    one.machine.write(FACI + 0xE4, 2, 0x1E32)
    with pytest.raises(MachineFault, match="FPCKAR says 50 MHz, but FCLK is 8 MHz"):
        one.machine.write(FACI + 0x84, 2, 0xAA01)


@pytest.mark.parametrize("commands", [(0xD0,), (0x20, 0x20), (0xE8, 0x20), (0xE8, 0x40, 0xD0), (0x99,)])
def test_illegal_commands_lock_until_a_forced_stop(commands: tuple[int, ...]) -> None:
    one = sequencer()
    one.start()
    one.command(*commands)
    assert one.wait() & ILGLERR
    assert one.machine.read(FACI + 0x10, 1) & CMDLK
    assert one.erase(0) & ILGLERR
    one.command(0xB3)
    assert one.wait() == FRDY
    assert one.erase(0) == FRDY


def test_address_beyond_code_flash() -> None:
    one = sequencer()
    one.start()
    assert one.erase(0x10_0000) & ILGLERR
    assert one.machine.read(FACI + 0x10, 1) & CFAE
    one.machine.write(FACI + 0x10, 1, 0)
    one.command(0xB3)
    assert one.wait() == FRDY


def test_programming_what_is_not_erased() -> None:
    one = sequencer()
    one.start()
    one.program(0)
    with pytest.raises(MachineFault, match="programmed without having been erased"):
        one.program(0)


@pytest.mark.parametrize("address", [0x0100_A100, 0x0100_A134, 0x0100_A2C0])
def test_option_setting_memory_is_never_written(address: int) -> None:
    one = sequencer()
    one.start()
    one.machine.write(FACI + 0x30, 4, address)
    with pytest.raises(OptionMemoryFault, match="option-setting memory"):
        one.command(0x20, 0xD0)
    with pytest.raises(OptionMemoryFault, match="option-setting memory"):
        one.command(0x40)
    with pytest.raises(OptionMemoryFault, match="must never be"):
        one.machine.write(address, 4, 0)
    with pytest.raises(OptionMemoryFault, match="must never be"):
        one.machine.debug_write(address - 2, bytes(4))
    assert one.machine.read(address, 4) == 0xFFFF_FFFF


@pytest.mark.parametrize(("operation", "flag"), [(0, ERSERR), (1, PRGERR)])
def test_injected_errors_show_as_flags(operation: int, flag: int) -> None:
    one = sequencer(FaultPlan(program_error=operation))
    one.start()
    results = [one.erase(0)]
    if not results[0] & flag:
        results.append(one.program(0))
    assert results[-1] & flag
    one.command(0xB3)
    assert one.wait() == FRDY
    assert one.erase(0) == FRDY
    assert one.program(0) == FRDY


@settings(max_examples=25, deadline=None)
@given(cut=st.integers(0, 5), seed=st.integers(0, 1000))
def test_a_power_cut_spoils_one_block_or_page_alone(cut: int, seed: int) -> None:
    one = sequencer(FaultPlan(power_cut=cut, seed=seed))
    one.machine.cpu.write_memory(0, bytes(0x8000))
    one.start()
    with pytest.raises(PowerLoss):
        one.fill(0x2000, 6)
    one.machine.power_on()
    whole = flash(one, 0, 0x8000)
    assert whole[:0x2000] == bytes(0x2000)
    assert whole[0x4000:] == bytes(0x4000)
    if cut:
        assert whole[0x2000 : 0x2000 + 128 * (cut - 1)] == PAGE * (cut - 1)
    one.start()
    assert one.erase(0x2000) == FRDY
    assert one.program(0x2000) == FRDY
