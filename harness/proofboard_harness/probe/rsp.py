"""The GDB remote serial protocol as a client speaks it: framing, acknowledgement, time limits.

Source: "GDB Remote Serial Protocol", appendix E of the GDB manual. Only acknowledged mode is spoken, because
QEMU 7.2 offers no other. What the packets mean is the business of `gdb_remote`.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from enum import Enum

from ..errors import ProbeFault

_ESCAPE = 0x7D
_ESCAPE_XOR = 0x20
_RUN_LENGTH_BIAS = 29  # a count n is sent as the character n + 29, which is printable
_SENT_ESCAPED = frozenset(b"#$}*")
_ATTEMPTS = 3


class RspError(ProbeFault):
    """The stub does not follow the protocol, or what it sent can't be understood."""


class RspTimeoutError(RspError):
    """The stub did not answer in time."""


class RspDisconnectedError(RspError):
    """The stub closed the connection or never opened it: usually the simulator has died."""


class RspRefusedError(RspError):
    """The stub answered `Exx`: it understood the command and could not do it."""


class Mark(Enum):
    """What stands between packets on the wire."""

    ACK = "+"
    NAK = "-"
    CORRUPT = "checksum"


def checksum(body: bytes) -> int:
    """Sum of the bytes on the wire between `$` and `#`, modulo 256."""
    return sum(body) & 0xFF


def encode_packet(payload: bytes) -> bytes:
    """`$<payload, escaped>#<two hex digits>`."""
    body = bytearray()
    for byte in payload:
        if byte in _SENT_ESCAPED:
            body += bytes((_ESCAPE, byte ^ _ESCAPE_XOR))
        else:
            body.append(byte)
    return b"$%s#%02x" % (bytes(body), checksum(bytes(body)))


def decode_body(body: bytes) -> bytes:
    """Undo escapes and run lengths of the bytes between `$` and `#`. Raises RspError where they are cut short."""
    if _ESCAPE not in body and b"*" not in body:
        return body
    payload = bytearray()
    position = 0
    while position < len(body):
        byte = body[position]
        if byte == _ESCAPE:
            if position + 1 == len(body):
                raise RspError("a packet ends in an escape")
            payload.append(body[position + 1] ^ _ESCAPE_XOR)
            position += 2
        elif byte == ord("*"):
            if position + 1 == len(body) or not payload:
                raise RspError("a run length has no character or no count")
            count = body[position + 1] - _RUN_LENGTH_BIAS
            if count < 1:
                raise RspError(f"a run length of {count}")
            payload += payload[-1:] * count
            position += 2
        else:
            payload.append(byte)
            position += 1
    return bytes(payload)


class PacketParser:
    """Cuts a byte stream, in pieces of any size, into payloads and marks. Noise between packets is dropped."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[bytes | Mark]:
        """The items completed by `data`, in order."""
        self._pending += data
        items: list[bytes | Mark] = []
        while self._pending:
            first = self._pending[0]
            if first == ord("$"):
                end = self._pending.find(b"#")
                if end < 0 or len(self._pending) < end + 3:
                    break
                body, digits = bytes(self._pending[1:end]), bytes(self._pending[end + 1 : end + 3])
                del self._pending[: end + 3]
                items.append(decode_body(body) if digits.lower() == b"%02x" % checksum(body) else Mark.CORRUPT)
            else:
                del self._pending[0]
                if first in b"+-":
                    items.append(Mark(chr(first)))
        return items


class RspClient:
    """One connection to a stub. Not thread-safe: pyOCD serialises access by the probe's lock.

    Args:
        connection: a connected stream socket, owned from now on.
        timeout: seconds for an acknowledgement and for an answer, unless a call says otherwise.
        where: how errors name the stub.
    """

    def __init__(self, connection: socket.socket, *, timeout: float, where: str) -> None:
        self._connection = connection
        self._timeout = timeout
        self._where = where
        self._parser = PacketParser()
        self._items: deque[bytes | Mark] = deque()

    @classmethod
    def connect(cls, host: str, port: int, *, timeout: float = 5.0) -> RspClient:
        """Connect by TCP. Raises RspDisconnectedError when nothing listens there."""
        where = f"gdb stub {host}:{port}"
        try:
            connection = socket.create_connection((host, port), timeout=timeout)
        except OSError as error:
            raise RspDisconnectedError(
                f"no connection: {error.strerror or error}", where=where, hint="is the simulator running?"
            ) from error
        # Nagle's algorithm and delayed acknowledgement together cost 40 ms a packet.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connection, timeout=timeout, where=where)

    def close(self) -> None:
        """Close the connection; the stub is told nothing."""
        self._connection.close()

    def exchange(self, payload: bytes, *, timeout: float | None = None) -> bytes:
        """Send a command and take the next packet as its answer."""
        self.send(payload)
        return self.receive(timeout=timeout)

    def send(self, payload: bytes) -> None:
        """Send one packet until it is acknowledged, three times at most. Packets that come first are kept."""
        packet = encode_packet(payload)
        for _ in range(_ATTEMPTS):
            self._write(packet)
            if self._take_acknowledgement():
                return
        raise RspError(f"{payload[:16]!r} was rejected {_ATTEMPTS} times", where=self._where)

    def receive(self, *, timeout: float | None = None) -> bytes:
        """The next packet, acknowledged. Raises RspTimeoutError after `timeout` seconds."""
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        while True:
            packet = self._take_packet()
            if packet is not None:
                return packet
            self._read(deadline)

    def poll(self) -> bytes | None:
        """A packet that is already here, or None at once."""
        packet = self._take_packet()
        if packet is None and self._read_available():
            packet = self._take_packet()
        return packet

    def interrupt(self) -> None:
        """Send the break character: the target stops and a stop reply follows."""
        self._write(b"\x03")

    def _take_packet(self) -> bytes | None:
        while self._items:
            item = self._items.popleft()
            if isinstance(item, bytes):
                return item
        return None

    def _take_acknowledgement(self) -> bool:
        deadline = time.monotonic() + self._timeout
        kept: list[bytes | Mark] = []
        while True:
            while self._items:
                item = self._items.popleft()
                if item in (Mark.ACK, Mark.NAK):
                    self._items.extendleft(reversed(kept))
                    return item is Mark.ACK
                kept.append(item)
            self._read(deadline)

    def _read(self, deadline: float) -> None:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise RspTimeoutError(
                "no answer in time",
                where=self._where,
                hint="another debugger is connected (a stub serves one at a time), or the simulator hangs",
            )
        try:
            self._connection.settimeout(remaining)
            data = self._connection.recv(65536)
        except TimeoutError:
            return  # the deadline is judged in one place: above
        except OSError as error:
            raise self._lost(error) from error
        self._accept(data)

    def _read_available(self) -> bool:
        try:
            self._connection.setblocking(False)
            data = self._connection.recv(65536)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._lost(error) from error
        self._accept(data)
        return True

    def _accept(self, data: bytes) -> None:
        if not data:
            self.close()
            raise RspDisconnectedError("the stub closed the connection", where=self._where)
        for item in self._parser.feed(data):
            if isinstance(item, bytes):
                self._write(b"+")
            elif item is Mark.CORRUPT:
                self._write(b"-")
            self._items.append(item)

    def _write(self, data: bytes) -> None:
        try:
            self._connection.settimeout(self._timeout)
            self._connection.sendall(data)
        except TimeoutError as error:
            raise RspTimeoutError("the stub takes no more data", where=self._where) from error
        except OSError as error:
            raise self._lost(error) from error

    def _lost(self, error: OSError) -> RspDisconnectedError:
        self.close()
        return RspDisconnectedError(f"the connection broke: {error.strerror or error}", where=self._where)
