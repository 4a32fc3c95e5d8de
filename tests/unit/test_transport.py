"""Faults on purpose are as many as asked for, and the same again; RTT over memory that is played here."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.errors import BenchFault, ConfigurationFault
from proofboard_harness.transport.inject import FaultPlan, Injector
from proofboard_harness.transport.rtt import RttLink


@dataclass
class Wire:
    """Keeps what is sent; gives what is put in."""

    sent: bytearray = field(default_factory=bytearray)
    busy_seconds: float = 1.5
    closed: int = 0

    def write(self, data: bytes) -> None:
        self.sent += data

    def read(self, timeout: float) -> bytes:
        return bytes(1000)

    def close(self) -> None:
        self.closed += 1


def send(plan: FaultPlan, count: int) -> bytes:
    wire = Wire()
    link = Injector(plan, lambda: None).wrap(wire)
    link.write(bytes(count))
    assert link.busy_seconds == 1.5
    return bytes(wire.sent)


def test_no_plan_no_fault() -> None:
    assert send(FaultPlan(), 5000) == bytes(5000)


def test_each_fault_is_as_frequent_as_asked_for() -> None:
    """Within five standard deviations of a binomial of 100,000."""
    count, rate = 100_000, 0.01
    assert abs(count - len(send(FaultPlan(loss=rate), count)) - 1000) < 160
    assert abs(len(send(FaultPlan(double=rate), count)) - count - 1000) < 160
    flipped = send(FaultPlan(flip=rate), count)
    assert len(flipped) == count
    wrong = [byte for byte in flipped if byte]
    assert abs(len(wrong) - 1000) < 160
    assert all(byte.bit_count() == 1 for byte in wrong)


def test_the_same_seed_is_the_same_damage() -> None:
    plan = FaultPlan.parse("loss=0.1,flip=1/20,seed=3")
    assert send(plan, 500) == send(plan, 500)
    assert send(plan, 500) != send(FaultPlan.parse("loss=0.1,flip=1/20,seed=4"), 500)


def test_a_second_try_meets_other_faults_and_a_plan_can_be_told() -> None:
    plan = FaultPlan.parse("loss=0.1,reset=1/500,seed=3")
    assert FaultPlan.parse(str(plan)) == plan
    again = plan.elsewhere(2)
    assert (again.loss, again.reset) == (plan.loss, plan.reset)
    assert send(again, 500) != send(plan, 500)
    assert send(again, 500) == send(plan.elsewhere(2), 500)


def test_resets_and_pulled_cables() -> None:
    resets: list[int] = []
    injector = Injector(FaultPlan(reset=0.1, pull=0.1, delay=0.01), lambda: resets.append(1))
    wire = Wire()
    link, pulled = injector.wrap(wire), 0
    for _ in range(500):
        try:
            link.write(b"frame")
        except BenchFault:
            pulled += 1
    assert 20 < len(resets) < 90
    assert 20 < pulled < 90
    assert wire.closed == pulled


@pytest.mark.parametrize("text", ["lost=1", "loss", "loss=x", "loss=1/0", "loss=1", "loss=-0.1", "seed=1.5"])
def test_a_plan_that_is_none(text: str) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        FaultPlan.parse(text)
    assert caught.value.where == "--inject"


BASE, UP, DOWN, UP_SIZE, DOWN_SIZE = 0x20000000, 0x20000100, 0x20000200, 16, 24


@dataclass
class Memory:
    """A target's RAM with a control block, and its side of the rings."""

    ram: bytearray = field(default_factory=lambda: bytearray(0x400))

    def start(self) -> None:
        rings = struct.pack("<6I6I", 0, UP, UP_SIZE, 0, 0, 0, 0, DOWN, DOWN_SIZE, 0, 0, 0)
        self.ram[:72] = b"SEGGER RTT" + bytes(6) + struct.pack("<ii", 1, 1) + rings

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        yield

    def read_memory(self, address: int, size: int) -> bytes:
        return bytes(self.ram[address - BASE : address - BASE + size])

    def write_memory(self, address: int, data: bytes) -> None:
        assert BASE <= address <= address + len(data) <= BASE + len(self.ram)
        self.ram[address - BASE : address - BASE + len(data)] = data

    def take(self) -> bytes:
        write, read = struct.unpack_from("<II", self.ram, 60)
        data = bytes(self.ram[0x200 + (read + i) % DOWN_SIZE] for i in range((write - read) % DOWN_SIZE))
        struct.pack_into("<I", self.ram, 64, write)
        return data

    def put(self, data: bytes) -> int:
        """As much as there is room for."""
        write, read = struct.unpack_from("<II", self.ram, 36)
        count = min(len(data), (read - write - 1) % UP_SIZE)
        for byte in data[:count]:
            self.ram[0x100 + write] = byte
            write = (write + 1) % UP_SIZE
        struct.pack_into("<I", self.ram, 36, write)
        return count


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_rtt_carries_every_byte_both_ways(down: bytes, up: bytes) -> None:
    memory = Memory()
    memory.start()
    link = RttLink(memory, BASE)  # type: ignore[arg-type]
    link.write(down)
    taken, given_up, left = b"", b"", up
    for _ in range(60):
        left = left[memory.put(left) :]
        given_up += link.read(0)
        taken += memory.take()
    assert (taken, given_up) == (down, up)


@pytest.mark.parametrize("place", [0, 28, 32, 36, 40, 52, 56, 60, 64])
def test_rtt_that_holds_nonsense_is_left_alone(place: int) -> None:
    """Of a target that has not started yet, or has lost its mind."""
    memory = Memory()
    memory.start()
    struct.pack_into("<I", memory.ram, place, 0 if place in (0, 28, 52) else 0xFFFFFFF0)
    before = bytes(memory.ram)
    link = RttLink(memory, BASE)  # type: ignore[arg-type]
    link.write(b"lost")
    assert link.read(0) == b""
    assert bytes(memory.ram) == before
    memory.start()
    link.write(b"next")
    link.read(0)
    assert memory.take() == b"next"
