"""The machine's GDB stub: one client at a time, packets as the GDB manual's appendix E has them."""

from __future__ import annotations

import socket
from collections.abc import Callable

from ...probe.rsp import PacketParser, encode_packet
from .cpu import Stop
from .faults import MachineFault, OptionMemoryFault
from .machine import Machine

_PACKET_BYTES = 0x8000
_BREAK = b"\x03"
_REFUSED = b"E0e"
_ORDER = (
    *(f"r{number}" for number in range(13)), "sp", "lr", "pc", "xpsr",
    "msp", "psp", "primask", "basepri", "faultmask", "control", *(f"d{number}" for number in range(16)), "fpscr",
)  # fmt: skip
_FEATURES = (("m-profile", 0, 17), ("m-system", 17, 23), ("vfp", 23, len(_ORDER)))


def target_description() -> str:
    """The registers, numbered from 0 in the order of `_ORDER`."""
    parts = ['<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target><architecture>arm</architecture>']
    for name, first, end in _FEATURES:
        parts.append(f'<feature name="org.gnu.gdb.arm.{name}">')
        for number in range(first, end):
            kind = ' type="ieee_double"' if _bytes_of(_ORDER[number]) == 8 else ""
            bits = 8 * _bytes_of(_ORDER[number])
            parts.append(f'<reg name="{_ORDER[number]}" bitsize="{bits}" regnum="{number}"{kind}/>')
        parts.append("</feature>")
    return "".join([*parts, "</target>"])


class GdbServer:
    """Serves one connection. `running` is what the client has asked for.

    Args:
        connection: of a client that has just come.
        machine: stands when a command arrives, except for the break character.
        monitor: does what a monitor command says and returns what it prints; None for an unknown one.
    """

    def __init__(self, connection: socket.socket, machine: Machine, monitor: Callable[[str], str | None]) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        self._machine = machine
        self._monitor = monitor
        self._parser = PacketParser()
        self._breakpoints: set[int] = set()
        self.running = False
        self.stepping = False
        self.open = True

    def fileno(self) -> int:
        """For select."""
        return self._connection.fileno()

    def close(self) -> None:
        """End the connection; breakpoints go with it."""
        if self.open:
            self.open = False
            self._connection.close()
            self._machine.cpu.set_breakpoints(set())

    def receive(self) -> bool:
        """Take what has come and answer it. Whether the break character was in it."""
        try:
            data = self._connection.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        if self.running:
            return _BREAK in data
        for item in self._parser.feed(data):
            if isinstance(item, bytes) and self.open:
                self._write(b"+")
                self._answer(item)
        return False

    def report(self, stop: Stop) -> None:
        """Tell why the machine stands."""
        self.running = self.stepping = False
        self._send(b"T02" if stop is Stop.REQUEST else b"T05")

    def report_end(self) -> None:
        """Tell that the machine has stopped for good."""
        self._send(b"X06")

    def _answer(self, packet: bytes) -> None:
        try:
            answer = self._execute(packet)
        except OptionMemoryFault:
            self._send(_REFUSED)
            raise
        except MachineFault:
            answer = _REFUSED
        except (ValueError, IndexError):
            answer = b"E01"
        if answer is not None:
            self._send(answer)

    def _execute(self, packet: bytes) -> bytes | None:
        """The answer; None where it comes later or not at all."""
        command, text = packet[:1], packet[1:].decode("latin-1")
        if command == b"m":
            address, size = (int(part, 16) for part in text.split(","))
            return self._machine.debug_read(address, size).hex().encode()
        if command == b"M":
            place, _, digits = text.partition(":")
            self._machine.debug_write(int(place.partition(",")[0], 16), bytes.fromhex(digits))
            return b"OK"
        if command == b"g":
            return "".join(self._register(number) for number in range(len(_ORDER))).encode()
        if command == b"p":
            return self._register(int(text, 16)).encode()
        if command == b"P":
            number, _, digits = text.partition("=")
            self._machine.cpu.write_register(_ORDER[int(number, 16)], int.from_bytes(bytes.fromhex(digits), "little"))
            return b"OK"
        if command in (b"Z", b"z"):
            return self._set_breakpoint(text, present=command == b"Z")
        if command in (b"c", b"s"):
            self.running, self.stepping = command == b"c", command == b"s"
            return None
        if command == b"D":
            self._send(b"OK")
            self.close()
            self.running = True
            return None
        return self._query(packet)

    def _query(self, packet: bytes) -> bytes:
        if packet.startswith(b"qSupported"):
            return b"PacketSize=%x;qXfer:features:read+" % _PACKET_BYTES
        if packet.startswith(b"qXfer:features:read:target.xml:"):
            start, size = (int(part, 16) for part in packet.rpartition(b":")[2].split(b","))
            text = target_description().encode()
            return (b"l" if start + size >= len(text) else b"m") + text[start : start + size]
        if packet.startswith(b"qRcmd,"):
            printed = self._monitor(bytes.fromhex(packet[6:].decode("latin-1")).decode("utf-8"))
            if printed is None:
                return b"E01"
            return printed.encode().hex().encode() or b"OK"
        fixed = {b"?": b"T05", b"qAttached": b"1", b"Hg0": b"OK", b"Hc-1": b"OK", b"Hc0": b"OK"}
        return fixed.get(packet, b"")

    def _register(self, number: int) -> str:
        name = _ORDER[number]
        return self._machine.cpu.read_register(name).to_bytes(_bytes_of(name), "little").hex()

    def _set_breakpoint(self, text: str, *, present: bool) -> bytes:
        kind, address, _ = text.split(",")
        if kind not in "01":
            return b""
        place = {int(address, 16) & ~1}
        self._breakpoints = self._breakpoints | place if present else self._breakpoints - place
        self._machine.cpu.set_breakpoints(self._breakpoints)
        return b"OK"

    def _send(self, payload: bytes) -> None:
        self._write(encode_packet(payload))

    def _write(self, data: bytes) -> None:
        if not self.open:
            return
        try:
            self._connection.setblocking(True)
            self._connection.sendall(data)
            self._connection.setblocking(False)
        except OSError:
            self.close()


def _bytes_of(name: str) -> int:
    return 8 if name.startswith("d") else 4
