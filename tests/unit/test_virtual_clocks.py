"""The virtual RA6E1's clock tree: the order that works, and each step that silicon would not take."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.simulator.virtual_ra6e1.faults import MachineFault
from proofboard_harness.simulator.virtual_ra6e1.machine import Machine
from virtual_example import FAST

SYSTEM = 0x4001_E000
SCKDIVCR, SCKSCR, PLLCCR, PLLCR = (SYSTEM + 0x20, 4), (SYSTEM + 0x26, 1), (SYSTEM + 0x28, 2), (SYSTEM + 0x2A, 1)
HOCOCR, HOCOCR2, OSCSF, PRCR = (SYSTEM + 0x36, 1), (SYSTEM + 0x37, 1), (SYSTEM + 0x3C, 1), (SYSTEM + 0x3FE, 2)
FLWT, SRAMWTSC, SRAMPRCR2 = (0x4001_C11C, 1), (0x4000_2008, 1), (0x4000_200C, 1)
ORDER = (
    (PRCR, 0xA503),
    (HOCOCR2, 2),
    (HOCOCR, 0),
    (OSCSF, 1),
    (PLLCCR, 0x2711),
    (PLLCR, 0),
    (OSCSF, 0x21),
    (FLWT, 3),
    (SCKDIVCR, 0x2002_1221),
    (SCKSCR, 5),
)
"""Register and value; of OSCSF, the flags to be waited for."""


def do(machine: Machine, register: tuple[int, int], value: int) -> None:
    if register == OSCSF:
        for _ in range(1000):
            if machine.read(*register) & value == value:
                return
        raise AssertionError(f"OSCSF never shows {value:#x}")
    machine.write(*register, value)


def do_all(machine: Machine, steps: Sequence[tuple[tuple[int, int], int]]) -> None:
    for register, value in steps:
        do(machine, register, value)


@pytest.fixture(scope="module")
def chip() -> Machine:
    return Machine(FAST)


@pytest.fixture
def machine(chip: Machine) -> Machine:
    chip.reset()
    return chip


def test_the_order_of_the_firmware_works(machine: Machine) -> None:
    do_all(machine, ORDER)
    assert machine.read(*SCKSCR) == 5
    assert machine.read(*OSCSF) & 0x21 == 0x21


@pytest.mark.parametrize(
    ("left_out", "named"),
    [
        (PRCR, "HOCOCR2 was written while PRCR.PRC0 is 0"),
        (HOCOCR2, "HOCOCR2 names no frequency"),
        (HOCOCR, "OSCSF never shows"),
        (OSCSF, "PLLCR started the PLL from the HOCO before that is stable"),
        (PLLCCR, "PLLCCR.PLSRCSEL is 0"),
        (FLWT, "FLWT is 0, but ICLK of 200 MHz needs 3"),
    ],
)
def test_a_step_that_is_left_out_is_named(machine: Machine, left_out: tuple[int, int], named: str) -> None:
    with pytest.raises((MachineFault, AssertionError), match=named):
        do_all(machine, [step for step in ORDER if step[0] != left_out])


@pytest.mark.parametrize(
    ("register", "value", "named"),
    [
        (PRCR, 0x0003, "without the key"),
        (SCKSCR, 5, "SCKSCR chose the PLL before it is stable"),
        (SCKSCR, 3, "SCKSCR was written with 3"),
        (PLLCR, 0, "no crystal|not stable|before"),
        (SRAMWTSC, 0, "SRAMPRCR2 is locked"),
        (SCKDIVCR, 0x0000_0100, "BCK and PCKB"),
        ((SYSTEM + 0x32, 1), 0, "no crystal is fitted"),
    ],
)
def test_a_wrong_write_is_named(machine: Machine, register: tuple[int, int], value: int, named: str) -> None:
    if register != PRCR:
        machine.write(*PRCR, 0xA503)
    with pytest.raises(MachineFault, match=named):
        machine.write(*register, value)


def test_limits_of_the_buses(machine: Machine) -> None:
    do_all(machine, ORDER[:-2])
    machine.write(*SCKDIVCR, 0x0000_0000)
    with pytest.raises(MachineFault, match="makes BCLK 200 MHz; its limit is 50 MHz"):
        machine.write(*SCKSCR, 5)


def test_sram_without_its_wait_state(machine: Machine) -> None:
    do_all(machine, ORDER)
    machine.write(*SRAMPRCR2, 0xF1)
    with pytest.raises(MachineFault, match="SRAMWTSC is 0, but ICLK of 200 MHz"):
        machine.write(*SRAMWTSC, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([r for r, _ in ORDER if r not in (OSCSF, PRCR)]), st.integers(0, 255)), max_size=8
    )
)
def test_whatever_is_written_the_core_stays_within_its_limits(writes: list[tuple[tuple[int, int], int]]) -> None:
    machine = Machine(FAST)
    machine.write(*PRCR, 0xA503)
    for register, value in writes:
        with contextlib.suppress(MachineFault):
            machine.write(*register, value)
        assert 0 < machine.iclk_hz <= 200_000_000
