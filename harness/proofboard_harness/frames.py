"""Frames on the wire: COBS(type:u8, payload, crc32:u32), zero-delimited. `firmware/src/frame.c` is the other end."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from cobs import cobs

MAX_FRAME = 4096
_DELIMITER = b"\0"


@dataclass(frozen=True)
class Frame:
    """A whole frame whose CRC was right."""

    type: int
    payload: bytes


def encode_frame(kind: int, payload: bytes) -> bytes:
    """The bytes that go over the wire, delimiters around them so that line noise before is cut off."""
    body = bytes([kind]) + payload
    encoded: bytes = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))
    return _DELIMITER + encoded + _DELIMITER


class FrameReader:
    """Cuts a byte stream into frames; what is broken is counted and dropped, never guessed at."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self.bad_frames = 0

    def take_bad_frames(self) -> int:
        """How many were dropped since the last call."""
        count, self.bad_frames = self.bad_frames, 0
        return count

    def feed(self, data: bytes) -> list[Frame]:
        """Take bytes in any portions; give the frames that they complete."""
        self._pending += data
        *whole, rest = self._pending.split(_DELIMITER)
        if len(rest) > MAX_FRAME:  # no frame is that long: noise without a delimiter
            self.bad_frames += 1
            rest = bytearray()
        self._pending = bytearray(rest)
        return [frame for part in whole if part and (frame := self._decode(bytes(part))) is not None]

    def _decode(self, part: bytes) -> Frame | None:
        try:
            body: bytes = cobs.decode(part)
        except cobs.DecodeError:
            body = b""
        if len(body) < 5 or zlib.crc32(body[:-4]) != int.from_bytes(body[-4:], "little"):
            self.bad_frames += 1
            return None
        return Frame(body[0], body[1:-4])
