"""A byte stream through the target's memory, read and written by the debug probe: SEGGER's Real Time Transfer.

For boards without a serial port, and for simulators, whose memory is far faster than their UART. The firmware's side,
and the source of the layout, is `firmware/src/rtt.h`.
"""

from __future__ import annotations

import struct
import time

from ..elf import Image
from ..errors import FirmwareFault
from ..probe.flasher import Probe

SYMBOL = "_SEGGER_RTT"
_ID = b"SEGGER RTT\0\0\0\0\0\0"
_CONTROL = struct.Struct("<16sii 6I 6I")
_UP = 24  # offset of the ring to the host
_DOWN = 48
_WRITE, _READ = 12, 16  # of a ring's offsets
_LARGEST_RING = 1 << 20
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0003, 0.005  # seconds: a simulator only works while nobody looks


class RttLink:
    """A `Link` over `probe` to the control block at `address`.

    A target that was reset, or whose block holds nonsense, is not written to; what was to go then is lost, as on a
    wire.
    """

    def __init__(self, probe: Probe, address: int) -> None:
        self._probe = probe
        self._address = address
        self._outbox = bytearray()
        self._inbox = bytearray()
        self._pause = _SHORTEST_PAUSE
        self.busy_seconds = 0.0

    @classmethod
    def of_image(cls, probe: Probe, image: Image) -> RttLink:
        """The link to a target that runs `image`. Raises FirmwareFault if it was built without one."""
        symbol = image.symbol(SYMBOL)
        if symbol is None:
            raise FirmwareFault(f"has no {SYMBOL}", where=str(image.path), hint="build it with this Proofboard")
        return cls(probe, symbol.address)

    def write(self, data: bytes) -> None:
        """Hand over all bytes; they go with the next exchange."""
        self._outbox += data

    def read(self, timeout: float) -> bytes:
        """Bytes that have come, after at most `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            moved = self._exchange()
            if self._inbox or time.monotonic() >= deadline:
                data = bytes(self._inbox)
                self._inbox.clear()
                return data
            self._pause = _SHORTEST_PAUSE if moved else min(2 * self._pause, _LONGEST_PAUSE)
            time.sleep(min(self._pause, max(0.0, deadline - time.monotonic())))

    def set_baud(self, baud: int) -> None:
        """Nothing: memory has no rate."""

    def close(self) -> None:
        """Nothing: the probe belongs to the bench."""

    def _exchange(self) -> bool:
        """Fill the one ring and empty the other; whether a byte moved."""
        started = time.monotonic()
        with self._probe.held():
            control = _CONTROL.unpack(self._probe.read_memory(self._address, _CONTROL.size))
            up, down = control[3:9], control[9:15]
            if control[0] != _ID or not (_is_ring(up) and _is_ring(down)):
                self._outbox.clear()
                return False
            moved = self._receive(up) + self._send(down)
        if moved:
            self.busy_seconds += time.monotonic() - started
        return moved > 0

    def _receive(self, ring: tuple[int, ...]) -> int:
        _, start, size, write, read, _ = ring
        parts = [(read, write)] if read <= write else [(read, size), (0, write)]
        count = 0
        for first, end in parts:
            if end > first:
                self._inbox += self._probe.read_memory(start + first, end - first)
                count += end - first
        if count:
            self._probe.write_memory(self._address + _UP + _READ, struct.pack("<I", write))
        return count

    def _send(self, ring: tuple[int, ...]) -> int:
        _, start, size, write, read, _ = ring
        room = (read - write - 1) % size
        data = bytes(self._outbox[:room])
        if not data:
            return 0
        del self._outbox[: len(data)]
        first = data[: size - write]
        self._probe.write_memory(start + write, first)
        if len(first) < len(data):
            self._probe.write_memory(start, data[len(first) :])
        after = (write + len(data)) % size
        self._probe.write_memory(self._address + _DOWN + _WRITE, struct.pack("<I", after))
        return len(data)


def _is_ring(ring: tuple[int, ...]) -> bool:
    _, start, size, write, read, _ = ring
    return start != 0 and 1 < size <= _LARGEST_RING and write < size and read < size
