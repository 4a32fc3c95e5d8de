"""The GDB stub of the virtual RA6E1, asked by the client that the probe uses."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from proofboard_harness.probe.gdb_remote import GdbRemote
from proofboard_harness.probe.rsp import RspClient, RspError, RspRefusedError
from proofboard_harness.simulator.virtual_ra6e1.faults import MachineFault
from proofboard_harness.simulator.virtual_ra6e1.process import Process
from virtual_example import FAST

RAM = 0x2000_1000
COUNT = bytes.fromhex("01300130013000befee7")
"""adds r0, #1 three times; bkpt; b ."""


class Served:
    """A process's loop in a thread, until the machine stops; `fault` is then why."""

    def __init__(self) -> None:
        self.process = Process(FAST)
        self.fault: MachineFault | None = None
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        try:
            self.process.serve()
        except MachineFault as fault:
            self.fault = fault

    def connect(self) -> GdbRemote:
        return GdbRemote(RspClient.connect("127.0.0.1", self.process.gdb_port))


@pytest.fixture
def served() -> Served:
    return Served()


@pytest.fixture
def remote(served: Served) -> Iterator[GdbRemote]:
    remote = served.connect()
    yield remote
    remote.close()


def test_registers(remote: GdbRemote) -> None:
    for number, name in enumerate(["r0", "r12", "lr", "d0", "d15", "fpscr"]):
        remote.write_register(name, number << 4)
    assert [remote.read_register(name) for name in ["r0", "r12", "lr", "d0", "d15"]] == [0, 16, 32, 48, 64]
    remote.write_register("msp", RAM)
    assert remote.read_register("sp") == RAM


def test_step_and_breakpoints(remote: GdbRemote) -> None:
    remote.write_memory(RAM, COUNT)
    remote.write_register("r0", 0)
    remote.write_register("pc", RAM)
    remote.step()
    assert (remote.read_register("pc"), remote.read_register("r0")) == (RAM + 2, 1)
    remote.insert_breakpoint(RAM + 4)
    remote.resume()
    while remote.is_running():
        pass
    assert remote.read_register("pc") == RAM + 4
    remote.remove_breakpoint(RAM + 4)
    remote.resume()
    while remote.is_running():
        pass
    assert (remote.read_register("pc"), remote.read_register("r0")) == (RAM + 6, 3)


def test_halt_of_a_running_program(remote: GdbRemote) -> None:
    remote.write_memory(RAM, COUNT)
    remote.write_register("pc", RAM + 8)
    remote.resume()
    assert remote.is_running()
    remote.halt()
    assert remote.read_register("pc") == RAM + 8


def test_a_second_debugger_after_the_first(served: Served) -> None:
    first = served.connect()
    first.write_memory(RAM, COUNT)
    first.write_register("pc", RAM + 8)
    first.resume()
    first.detach()
    second = served.connect()
    assert second.read_register("pc") == RAM + 8
    second.close()


def test_what_can_not_be_accessed_is_refused(remote: GdbRemote) -> None:
    for address in (0x3000_0000, 0x4050_0000):
        with pytest.raises(RspRefusedError):
            remote.read_memory(address, 4)
    with pytest.raises(RspRefusedError):
        remote.write_memory(0, b"\0\0\0\0")
    with pytest.raises(RspRefusedError):
        remote.monitor("no such thing")


def test_option_setting_memory_ends_it(served: Served, remote: GdbRemote) -> None:
    with pytest.raises(RspError):
        remote.write_memory(0x0100_A100, bytes(4))
    served.thread.join(10)
    assert served.fault is not None
    assert "option-setting memory at 0x0100a100" in served.fault.seen


def test_a_fault_ends_it_with_a_message(served: Served, remote: GdbRemote) -> None:
    remote.write_memory(RAM, bytes.fromhex("0068fee7"))  # ldr r0, [r0]; b .
    remote.write_register("r0", 0x4011_8920)
    remote.write_register("pc", RAM)
    remote.resume()
    served.thread.join(10)
    assert served.fault is not None
    assert "SCI9+0x20" in served.fault.seen
    assert f"PC {RAM:#010x}" in served.fault.where
