"""A target behind a GDB stub: run control, memory and registers, in terms of RSP packets.

Works on QEMU (`-gdb`); the packets used are also those that Renode's stub documents. Public source of the packet
meanings: GDB manual, appendix E; of QEMU's behaviour on connect and detach: gdbstub.c of QEMU 7.2.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree

from .rsp import RspClient, RspError, RspRefusedError

_SIGINT = 2
_DEFAULT_PACKET_SIZE = 400
_WRITE_HEADER = 32  # `M<address>,<length>:` and the framing


class StopReason(Enum):
    """Why the target stands."""

    REQUEST = "request"
    BREAKPOINT = "breakpoint"


@dataclass(frozen=True)
class RemoteRegister:
    """A register as the stub's target description numbers it; `bits` wide."""

    number: int
    bits: int


class GdbRemote:
    """A connected, controllable target. Opening it halts it, as QEMU does on every connection.

    Args:
        client: the protocol.
        reset_command: what the stub's monitor calls a system reset.
    """

    def __init__(self, client: RspClient, *, reset_command: str = "system_reset") -> None:
        self._client = client
        self._reset_command = reset_command
        self._running = False
        self._breakpoints: set[int] = set()
        self.stop_reason = StopReason.REQUEST
        self._packet_size = self._negotiate()
        self.registers = self._read_target_description()

    def is_running(self) -> bool:
        """Whether the target runs; takes in a stop that the stub has reported meanwhile."""
        while self._running and (packet := self._client.poll()) is not None:
            self._note_stop(packet)
        return self._running

    def halt(self) -> None:
        """Stop the target; nothing if it stands."""
        if not self.is_running():
            return
        self._client.interrupt()
        self._await_stop()

    def resume(self) -> None:
        """Let the target run; nothing if it does."""
        if self.is_running():
            return
        self._client.send(b"c")
        self._running = True

    def step(self) -> None:
        """Execute one instruction and stand again."""
        self.halt()
        self._client.send(b"s")
        self._running = True
        self._await_stop()

    def reset(self) -> None:
        """System reset. The target stands at its reset vector afterwards; memory keeps its contents."""
        self.halt()
        self.monitor(self._reset_command)

    def detach(self) -> None:
        """Let go of a running target, or leave a standing one as it is, and close.

        The stub's detach packet always resumes, so it's sent only where the target is to run.
        """
        try:
            if self.is_running():
                self.halt()
                self._client.exchange(b"D")
        finally:
            self._client.close()

    def close(self) -> None:
        """Close without a word to the stub: for a connection that is already broken."""
        self._client.close()

    def monitor(self, command: str) -> str:
        """Have the stub's monitor execute `command`; what it printed."""
        printed = bytearray()
        answer = self._client.exchange(b"qRcmd," + command.encode("ascii").hex().encode("ascii"))
        while answer.startswith(b"O") and answer != b"OK":
            printed += _unhex(answer[1:])
            answer = self._client.receive()
        if answer.startswith(b"E") and len(answer) == 3:
            raise RspRefusedError(f"the monitor refuses {command!r} ({answer.decode('ascii')})")
        if answer != b"OK":
            printed += _unhex(answer)
        return printed.decode("utf-8", errors="replace")

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes from `address`. A running target is held for the time of the access."""
        data = bytearray()
        step = self._packet_size // 2 - 4
        with self.held():
            while len(data) < size:
                at, count = address + len(data), min(step, size - len(data))
                part = _unhex(self._command(b"m%x,%x" % (at, count), f"read of {count} bytes at {at:#010x}"))
                if len(part) != count:
                    raise RspRefusedError(f"read of {count} bytes at {at:#010x} gave {len(part)}")
                data += part
        return bytes(data)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write `data` at `address`. A running target is held for the time of the access."""
        step = (self._packet_size - _WRITE_HEADER) // 2
        with self.held():
            for offset in range(0, len(data), step):
                part = data[offset : offset + step]
                packet = b"M%x,%x:%s" % (address + offset, len(part), part.hex().encode("ascii"))
                self._command(packet, f"write of {len(part)} bytes at {address + offset:#010x}")

    def read_register(self, name: str) -> int:
        """The value of a register of `registers`. The target must stand."""
        answer = self._command(b"p%x" % self.registers[name].number, f"read of register {name}")
        return int.from_bytes(_unhex(answer), "little")

    def write_register(self, name: str, value: int) -> None:
        """Set a register of `registers`. The target must stand."""
        register = self.registers[name]
        digits = value.to_bytes(register.bits // 8, "little").hex().encode("ascii")
        self._command(b"P%x=%s" % (register.number, digits), f"write of register {name}")

    def has_breakpoint(self, address: int) -> bool:
        """Whether `insert_breakpoint` was called for the address."""
        return address in self._breakpoints

    def insert_breakpoint(self, address: int) -> None:
        """Stop before the Thumb instruction at `address`."""
        with self.held():
            self._command(b"Z0,%x,2" % address, f"breakpoint at {address:#010x}")
        self._breakpoints.add(address)

    def remove_breakpoint(self, address: int) -> None:
        """Undo `insert_breakpoint`."""
        with self.held():
            self._command(b"z0,%x,2" % address, f"removal of the breakpoint at {address:#010x}")
        self._breakpoints.discard(address)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """The stub serves nobody while the target runs: halt, and go on afterwards."""
        was_running = self.is_running()
        self.halt()
        yield
        if was_running:
            self.resume()

    def _command(self, packet: bytes, deed: str) -> bytes:
        answer = self._client.exchange(packet)
        if answer.startswith(b"E") and len(answer) == 3:
            raise RspRefusedError(f"{deed} was refused ({answer.decode('ascii')})")
        if not answer:
            raise RspRefusedError(f"{deed}: the stub does not know this command")
        return answer

    def _await_stop(self) -> None:
        while self._running:
            self._note_stop(self._client.receive())

    def _note_stop(self, packet: bytes) -> None:
        kind = packet[:1]
        if kind in b"TS":
            self._running = False
            requested = int(packet[1:3], 16) == _SIGINT
            self.stop_reason = StopReason.REQUEST if requested else StopReason.BREAKPOINT
        elif kind in b"WX":
            raise RspError(f"the simulated program ended ({packet.decode('ascii', 'replace')})")
        elif kind != b"O":
            raise RspError(f"expected a stop reply, got {packet[:16]!r}")

    def _negotiate(self) -> int:
        """Packet size in bytes. Stop replies of an earlier connection may still come first: they are skipped."""
        self._client.send(b"qSupported:xmlRegisters=arm")
        while True:
            answer = self._client.receive()
            if answer[:1] not in (b"T", b"S"):
                break
        for feature in answer.split(b";"):
            if feature.startswith(b"PacketSize="):
                return int(feature.removeprefix(b"PacketSize="), 16)
        return _DEFAULT_PACKET_SIZE

    def _read_target_description(self) -> dict[str, RemoteRegister]:
        registers: dict[str, RemoteRegister] = {}
        number = 0
        documents = ["target.xml"]
        while documents:
            name = documents.pop(0)
            # QEMU uses the prefix without declaring it: GDB's own DTD does that, which no parser here reads.
            document = self._read_feature(name).replace(b"<xi:include", b"<include")
            try:
                root = ElementTree.fromstring(document)
            except ElementTree.ParseError as error:
                raise RspError(f"the stub's {name} is not XML: {error}") from error
            for element in root.iter():
                if element.tag == "include":
                    documents.append(element.attrib["href"])
                elif element.tag == "reg":
                    number = int(element.get("regnum", number))
                    registers[element.attrib["name"]] = RemoteRegister(number, int(element.attrib["bitsize"]))
                    number += 1
        return registers

    def _read_feature(self, name: str) -> bytes:
        document = bytearray()
        while True:
            packet = b"qXfer:features:read:%s:%x,%x" % (name.encode("ascii"), len(document), self._packet_size - 16)
            answer = self._command(packet, f"read of {name}")
            document += answer[1:]
            if answer[:1] == b"l":
                return bytes(document)


def _unhex(digits: bytes) -> bytes:
    try:
        return bytes.fromhex(digits.decode("ascii"))
    except ValueError as error:
        raise RspError(f"expected hex digits, got {digits[:16]!r}") from error
