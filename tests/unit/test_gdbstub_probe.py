"""The probe on a stub that is written here: what a debugger writes to registers arrives as the right packets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from proofboard_harness.probe.core_debug import AIRCR, DCRDR, DCRSR, DEMCR, DFSR, DHCSR, CoreDebug
from proofboard_harness.probe.debug_ids import ROM_TABLE, component_words, identity_of
from proofboard_harness.probe.gdb_remote import GdbRemote
from proofboard_harness.probe.gdbstub_probe import GdbStubProbe
from proofboard_harness.probe.memory_interface import StubMemoryInterface
from proofboard_harness.probe.rsp import Mark, PacketParser, RspClient, RspRefusedError, encode_packet
from pyocd.core import exceptions

CORTEX_M33 = 0x410F_D213
_RAM = 0x2000_0000
_HALT, _RUN = 0xA05F_0003, 0xA05F_0001
_TARGET_XML = (
    b'<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>'
    b'<xi:include href="core.xml"/><xi:include href="fpu.xml"/></target>'
)
_CORE_XML = (
    b'<feature name="m-profile">'
    + b"".join(b'<reg name="r%d" bitsize="32"/>' % number for number in range(13))
    + b'<reg name="sp" bitsize="32"/><reg name="lr" bitsize="32"/><reg name="pc" bitsize="32"/>'
    + b'<reg name="xpsr" bitsize="32" regnum="25"/></feature>'
)
_FPU_XML = b'<feature name="fpu"><reg name="d0" bitsize="64"/><reg name="fpscr" bitsize="32"/></feature>'


class FakeStub(threading.Thread):
    """1 KiB of RAM, registers, and a log of all packets but those of the greeting."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self.memory = bytearray(1024)
        self.registers = {13: 0x2000_0400, 15: 0x1000_0100, 25: 0x0100_0000, 26: 0x1111_2222_3333_4444}
        self.log: list[bytes] = []

    def run(self) -> None:
        self._send(b"T02thread:01;")  # left over from an earlier connection
        parser = PacketParser()
        while data := self._connection.recv(4096):
            if data == b"\x03":
                self._send(b"T02thread:01;")
                continue
            for item in parser.feed(data):
                if not isinstance(item, Mark):
                    self._connection.sendall(b"+")
                    for answer in self._answers(item):
                        self._send(answer)

    def _send(self, payload: bytes) -> None:
        self._connection.sendall(encode_packet(payload))

    def _answers(self, packet: bytes) -> list[bytes]:
        if packet.startswith(b"qSupported"):
            return [b"PacketSize=80;qXfer:features:read+"]
        if packet.startswith(b"qXfer"):
            _, _, _, name, span = packet.split(b":")
            offset, length = (int(number, 16) for number in span.split(b","))
            document = {b"target.xml": _TARGET_XML, b"core.xml": _CORE_XML, b"fpu.xml": _FPU_XML}[name]
            return [(b"m" if offset + length < len(document) else b"l") + document[offset : offset + length]]
        self.log.append(packet)
        kind, rest = packet[:1], packet[1:]
        if kind == b"m":
            address, length = (int(number, 16) for number in rest.split(b","))
            if address == 0xE000_ED00:
                return [CORTEX_M33.to_bytes(4, "little").hex().encode()]
            offset = address - _RAM
            inside = offset >= 0 and offset + length <= len(self.memory)
            return [bytes(self.memory[offset : offset + length]).hex().encode() if inside else b"E14"]
        if kind == b"M":
            span, _, digits = rest.partition(b":")
            offset = int(span.split(b",")[0], 16) - _RAM
            data = bytes.fromhex(digits.decode())
            self.memory[offset : offset + len(data)] = data
            return [b"OK"]
        if kind == b"p":
            number = int(rest, 16)
            return [self.registers.get(number, 0).to_bytes(8 if number == 26 else 4, "little").hex().encode()]
        if kind == b"P":
            number_text, _, digits = rest.partition(b"=")
            self.registers[int(number_text, 16)] = int.from_bytes(bytes.fromhex(digits.decode()), "little")
            return [b"OK"]
        if kind == b"c":
            return []
        if kind == b"s":
            return [b"T05thread:01;"]
        if packet.startswith(b"qRcmd"):
            return [b"O" + b"done\n".hex().encode(), b"OK"]
        return [b"OK"]


@pytest.fixture
def stub() -> Iterator[tuple[FakeStub, GdbRemote]]:
    ours, theirs = socket.socketpair()
    fake = FakeStub(theirs)
    fake.start()
    remote = GdbRemote(RspClient(ours, timeout=5.0, where="fake stub"))
    yield fake, remote
    remote.close()
    fake.join()
    theirs.close()


@pytest.fixture
def core(stub: tuple[FakeStub, GdbRemote]) -> CoreDebug:
    identity = identity_of(CORTEX_M33)
    assert identity is not None
    return CoreDebug(stub[1], identity)


def test_registers_are_numbered_by_the_description(stub: tuple[FakeStub, GdbRemote]) -> None:
    registers = stub[1].registers
    assert [registers[name].number for name in ("r0", "pc", "xpsr", "d0", "fpscr")] == [0, 15, 25, 26, 27]
    assert registers["d0"].bits == 64


def test_long_blocks_are_cut_to_the_packet_size(stub: tuple[FakeStub, GdbRemote]) -> None:
    fake, remote = stub
    data = bytes(range(256)) * 3
    remote.write_memory(_RAM + 5, data)
    assert remote.read_memory(_RAM + 5, len(data)) == data
    assert all(len(encode_packet(packet)) <= 0x80 for packet in fake.log)


def test_access_to_a_running_target_holds_it_for_that_time(stub: tuple[FakeStub, GdbRemote]) -> None:
    fake, remote = stub
    remote.resume()
    remote.read_memory(_RAM, 4)
    assert remote.is_running()
    assert fake.log == [b"c", b"m20000000,4", b"c"]


def test_refused_access_is_named(stub: tuple[FakeStub, GdbRemote]) -> None:
    with pytest.raises(RspRefusedError, match=r"read of 4 bytes at 0x00000000 was refused \(E14\)"):
        stub[1].read_memory(0, 4)


def test_monitor_gives_what_was_printed(stub: tuple[FakeStub, GdbRemote]) -> None:
    assert stub[1].monitor("info version") == "done\n"


def test_detach_leaves_a_standing_target_standing(stub: tuple[FakeStub, GdbRemote]) -> None:
    fake, remote = stub
    remote.detach()
    fake.join()
    assert b"D" not in fake.log


def test_detach_lets_a_running_target_run(stub: tuple[FakeStub, GdbRemote]) -> None:
    fake, remote = stub
    remote.resume()
    remote.detach()
    fake.join()
    assert fake.log == [b"c", b"D"]


def test_halt_and_resume_by_dhcsr(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    core.write(DHCSR, _RUN)
    assert core.read(DHCSR) & (1 << 17) == 0
    core.write(DHCSR, _HALT)
    assert core.read(DHCSR) & 0b11 == 0b11
    assert core.read(DHCSR) & (1 << 17)
    assert core.read(DFSR) == 1
    core.write(DFSR, 1)
    assert core.read(DFSR) == 0
    assert stub[0].log == [b"c"]


def test_dhcsr_without_its_key_is_ignored(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    core.write(DHCSR, 0x0000_0001)
    assert stub[0].log == []


def test_step_is_one_packet(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    core.write(DHCSR, 0xA05F_0005)
    assert stub[0].log == [b"s"]
    assert core.read(DFSR) == 1


@pytest.mark.parametrize(("selector", "number", "value"), [(15, 15, 0x1000_0100), (16, 25, 0x0100_0000)])
def test_core_register_by_dcrsr(
    core: CoreDebug, stub: tuple[FakeStub, GdbRemote], selector: int, number: int, value: int
) -> None:
    core.write(DCRSR, selector)
    assert core.read(DCRDR) == value
    core.write(DCRDR, 0x1234_5678)
    core.write(DCRSR, selector | 1 << 16)
    assert stub[0].registers[number] == 0x1234_5678


def test_single_precision_registers_are_halves(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    core.write(DCRSR, 0x40)
    assert core.read(DCRDR) == 0x3333_4444
    core.write(DCRSR, 0x41)
    assert core.read(DCRDR) == 0x1111_2222
    core.write(DCRDR, 0xAAAA_BBBB)
    core.write(DCRSR, 0x41 | 1 << 16)
    assert stub[0].registers[26] == 0xAAAA_BBBB_3333_4444


def test_register_that_the_stub_does_not_show_reads_zero(core: CoreDebug) -> None:
    core.write(DCRDR, 7)
    core.write(DCRSR, 18)  # PSP
    assert core.read(DCRDR) == 0


def test_reset_runs_on_unless_it_is_caught(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    command = b"qRcmd," + b"system_reset".hex().encode()
    core.write(DEMCR, 1)
    core.write(AIRCR, 0x05FA_0004)
    assert stub[0].log == [command]
    assert core.read(DFSR) == 1 << 3
    assert core.read(DHCSR) & (1 << 25)
    assert core.read(DHCSR) & (1 << 25) == 0, "reading clears it"
    core.write(DEMCR, 0)
    core.write(AIRCR, 0x05FA_0004)
    assert stub[0].log == [command, command, b"c"]


def test_bkpt_becomes_a_breakpoint_of_the_stub(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    fake, remote = stub
    memory = StubMemoryInterface(remote, core)
    memory.write_memory(_RAM, 0xBE00, 16)
    assert fake.log == [b"Z0,20000000,2"]
    assert fake.memory[:2] == b"\0\0"
    memory.write_memory(_RAM, 0xBF00, 16)
    assert fake.log[1] == b"z0,20000000,2"
    assert fake.memory[:2] == b"\x00\xbf"


def test_memory_interface_gives_values_of_each_width(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    memory = StubMemoryInterface(stub[1], core)
    memory.write_memory(_RAM, 0x1122_3344_5566_7788, 64)
    assert [memory.read_memory(_RAM, width) for width in (8, 16, 32)] == [0x88, 0x7788, 0x5566_7788]
    later = memory.read_memory(_RAM + 4, 32, now=False)
    assert callable(later)
    assert later() == 0x1122_3344
    memory.write_memory_block32(_RAM + 8, [1, 2])
    assert memory.read_memory_block32(_RAM + 8, 2) == [1, 2]
    assert memory.read_memory_block8(_RAM + 7, 3) == [0x11, 1, 0]
    with pytest.raises(exceptions.TransferFaultError, match="read of 4 bytes at 0x00000000"):
        memory.read_memory(0, 32)


def test_rom_table_leads_to_the_system_control_space(core: CoreDebug, stub: tuple[FakeStub, GdbRemote]) -> None:
    memory = StubMemoryInterface(stub[1], core)
    entry, end = memory.read_memory_block32(ROM_TABLE, 2)
    assert (ROM_TABLE + (entry & ~0xFFF)) & 0xFFFF_FFFF == 0xE000_E000
    assert entry & 1
    assert end == 0
    assert stub[0].log == [], "the stub is not asked for what is acted out"


def test_identification_is_that_of_arm() -> None:
    identity = identity_of(CORTEX_M33)
    assert identity is not None
    words = component_words(identity)
    scs = 0xE000_EFE0
    part = words[scs] | (words[scs + 4] & 0xF) << 8
    jep106 = (words[scs + 4] >> 4) | (words[scs + 8] & 0x7) << 4
    assert (part, jep106) == (0xD21, 0x3B)
    assert identity_of(0x410C_C200) is None


def test_probe_is_found_only_when_named() -> None:
    assert GdbStubProbe.get_all_connected_probes() == []
    assert GdbStubProbe.get_all_connected_probes("127.0.0.1:1234") == []
    assert GdbStubProbe.get_probe_with_id("127.0.0.1:x", is_explicit=True) is None
    probe = GdbStubProbe.get_probe_with_id("127.0.0.1:1234", is_explicit=True)
    assert probe is not None
    assert probe.unique_id == "127.0.0.1:1234"


def test_debug_port_grants_power_and_takes_it_back() -> None:
    probe = GdbStubProbe("127.0.0.1", 1)
    probe.write_dp(4, 1 << 30 | 1 << 28)
    assert probe.read_dp(4) == 0xF000_0000
    probe.write_dp(4, 0)
    assert probe.read_dp(4) == 0


def test_probe_that_is_not_open_says_so() -> None:
    with pytest.raises(exceptions.ProbeError, match="not open"):
        GdbStubProbe("127.0.0.1", 1).read_ap(0xFC)
