"""The virtual RA6E1's SCI, DMAC and pins, driven as firmware drives them."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.simulator.virtual_ra6e1.faults import MachineFault
from proofboard_harness.simulator.virtual_ra6e1.machine import Machine
from test_virtual_clocks import ORDER, do_all
from virtual_example import FAST

SCI9, DMAC0, SRAM = 0x4011_8900, 0x4000_5000, 0x2000_0000
SMR, BRR, SCR, SSR, SEMR, FTDRHL, FRDRHL, MDDR, FCR, FDR = 0, 1, 2, 4, 7, 0xE, 0x10, 0x12, 0x14, 0x16
WIDE = (FTDRHL, FRDRHL, FCR, FDR)
TE, RE, RIE, ORER, RDF = 1 << 5, 1 << 4, 1 << 6, 1 << 5, 1 << 6


def sci(machine: Machine, register: int, value: int) -> None:
    machine.write(SCI9 + register, 2 if register in WIDE else 1, value)


def status(machine: Machine, register: int) -> int:
    return machine.read(SCI9 + register, 2 if register in WIDE else 1)


def started(*, connected: bool = True, running: bool = True, burst: int = 1) -> Machine:
    """200 MHz, SCI9 running and set up for 1 Mbit/s, its pins connected."""
    machine = Machine(dataclasses.replace(FAST, burst=burst))
    do_all(machine, ORDER)
    machine.write(0x4001_E3FE, 2, 0xA510)
    machine.write(0x4008_0D12, 2, 0xFFFF)
    machine.write(0x4008_0D03, 1, 0)
    machine.write(0x4008_0D03, 1, 0x40)
    if connected:
        for pin in (9, 10):
            machine.write(0x4008_0840 + 4 * pin, 4, 0x0500_0000)
            machine.write(0x4008_0840 + 4 * pin, 4, 0x0501_0000)
    machine.write(0x4008_4000, 4, ~(1 << 22) & 0xFFFF_FFFF)
    if running:
        machine.write(0x4008_4004, 4, ~(1 << 22) & 0xFFFF_FFFF)
        for register, value in ((FCR, 0xF001), (BRR, 2), (MDDR, 246), (SEMR, 0x84)):
            sci(machine, register, value)
    return machine


def wait(machine: Machine) -> None:
    """Let all pass that is to happen."""
    for _ in range(200):
        status(machine, FDR)


def arm_ring(machine: Machine, bits: int) -> None:
    for offset, width, value in (
        (0x10, 2, 0x2101),
        (0x14, 2, 2 << 6 | bits),
        (0x00, 4, SCI9 + FRDRHL),
        (0x04, 4, SRAM),
        (0x08, 4, 0),
    ):
        machine.write(DMAC0 + offset, width, value)
    machine.write(0x4000_6280, 4, 0x1B6)
    machine.write(0x4000_5200, 1, 1)
    machine.write(DMAC0 + 0x1C, 1, 1)


def test_bytes_out_and_in() -> None:
    machine = started()
    sci(machine, SCR, TE | RE)
    for byte in b"hello":
        sci(machine, FTDRHL, byte)
    machine.wire.to_target.extend(b"world")
    wait(machine)
    assert bytes(machine.wire.from_target) == b"hello"
    assert bytes(status(machine, FRDRHL) & 0xFF for _ in range(5)) == b"world"
    assert status(machine, FDR) == 0


@pytest.mark.parametrize(
    ("semr", "brr", "mddr", "close"),
    [(0x84, 2, 246, True), (0x44, 2, 255, False), (0x54, 11, 246, True), (0x00, 2, 255, False), (0xC4, 5, 246, True)],
)
def test_rate_must_be_the_hosts(semr: int, brr: int, mddr: int, close: bool) -> None:
    machine = started()
    for register, value in ((SEMR, 0), (BRR, brr), (MDDR, mddr), (SEMR, semr)):
        sci(machine, register, value)
    if close:
        sci(machine, SCR, TE)
    else:
        with pytest.raises(MachineFault, match="bit/s; the host's line has 1,000,000"):
            sci(machine, SCR, TE)


def test_overrun_stops_reception_until_it_is_cleared() -> None:
    machine = started()
    sci(machine, SCR, RE)
    machine.wire.to_target.extend(bytes(range(20)))
    wait(machine)
    assert status(machine, FDR) == 16
    assert status(machine, SSR) & ORER
    sci(machine, SSR, ~ORER & 0xFF)
    assert [status(machine, FRDRHL) & 0xFF for _ in range(16)] == list(range(16))
    machine.wire.to_target.extend(b"\x55")
    wait(machine)
    assert status(machine, FRDRHL) & 0xFF == 0x55


def test_a_flag_that_was_not_read_is_not_cleared() -> None:
    machine = started()
    sci(machine, SCR, RE)
    machine.wire.to_target.extend(bytes(20))
    wait(machine)
    sci(machine, SSR, 0)
    assert status(machine, SSR) & ORER


@pytest.mark.parametrize(
    ("machine", "named"),
    [
        (lambda: started(connected=False), "P109 is no peripheral's pin, not TXD9"),
        (lambda: started(running=False), "SCI9 was used while it is stopped: MSTPCRB bit 22"),
    ],
)
def test_what_is_left_out_is_named(machine, named: str) -> None:  # type: ignore[no-untyped-def]
    one = machine()
    with pytest.raises(MachineFault, match=named):
        sci(one, SCR, TE)


def test_writes_that_would_be_lost_are_named() -> None:
    machine = started()
    with pytest.raises(MachineFault, match=r"FTDRHL was written while SCR.TE is 0"):
        sci(machine, FTDRHL, 0)
    sci(machine, SCR, TE)
    with pytest.raises(MachineFault, match=r"SCI9.BRR was written while SCR.TE"):
        sci(machine, BRR, 1)
    for _ in range(16):
        sci(machine, FTDRHL, 0)
    with pytest.raises(MachineFault, match="transmit FIFO is full"):
        sci(machine, FTDRHL, 0)


@settings(max_examples=20, deadline=None)
@given(data=st.binary(min_size=1, max_size=300), bits=st.integers(3, 8), burst=st.sampled_from([1, 7, 128]))
def test_the_ring_of_the_dmac_holds_the_last_bytes(data: bytes, bits: int, burst: int) -> None:
    machine = started(burst=burst)
    arm_ring(machine, bits)
    sci(machine, SCR, RE | RIE)
    machine.wire.to_target.extend(data)
    wait_for(machine, len(data))
    places = 1 << (bits - 1)
    assert machine.read(DMAC0 + 4, 4) == SRAM + 2 * (len(data) % places)
    held = machine.cpu.read_memory(SRAM, 2 * places)[::2]
    for index in range(max(0, len(data) - places), len(data)):
        assert held[index % places] == data[index]


def wait_for(machine: Machine, count: int) -> None:
    for _ in range(10 * count + 50):
        status(machine, SSR)


def test_a_request_that_nobody_listens_to_is_lost() -> None:
    machine = started()
    sci(machine, SCR, RE | RIE)
    machine.wire.to_target.extend(b"a")
    wait(machine)
    arm_ring(machine, 8)
    wait(machine)
    assert machine.read(DMAC0 + 4, 4) == SRAM
    assert status(machine, FDR) == 1


def test_a_level_asks_once_until_it_is_told() -> None:
    """RTRG 1, and a DMAC that clears no flag: what FSP avoids by RTRG 0."""
    machine = started()
    arm_ring(machine, 8)
    sci(machine, FCR, 0xF101)
    sci(machine, SCR, RE | RIE)
    machine.wire.to_target.extend(b"ab")
    wait(machine)
    assert machine.read(DMAC0 + 4, 4) == SRAM + 2
    assert status(machine, FRDRHL) & 0xFF == ord("b")
    assert not status(machine, SSR) & RDF
    sci(machine, SSR, ~RDF & 0xFF)
    machine.wire.to_target.extend(b"c")
    wait(machine)
    assert machine.read(DMAC0 + 4, 4) == SRAM + 4


def test_modulation_is_set_before_it_is_switched_on() -> None:
    with pytest.raises(MachineFault, match=r"SCI9\.MDDR was written while SEMR\.BRME is 1"):
        sci(started(), MDDR, 200)


@pytest.mark.parametrize(
    ("address", "width", "named"),
    [
        (0x4011_8913, 1, r"SCI9\+0x13 \(0x40118913\) was read, and is not modelled"),
        (SCI9 + FRDRHL, 1, r"SCI9.FRDRHL \(0x40118910\) has 16 bits and was read with 8"),
        (SCI9 + FTDRHL, 2, r"SCI9.FTDRHL \(0x4011890e\) was read, which it can't be"),
        (0x4050_0000, 4, "an address without a peripheral"),
    ],
)
def test_registers_that_are_not_modelled_are_named(address: int, width: int, named: str) -> None:
    with pytest.raises(MachineFault, match=named):
        started().read(address, width)
