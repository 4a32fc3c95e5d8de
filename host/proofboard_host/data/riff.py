"""What the header of a WAV file promises (Microsoft, Multimedia Programming Interface and Data Specifications 1.0)."""

from __future__ import annotations

import struct

_HEAD = struct.Struct("<4sI")  # a chunk's name and the bytes that follow
_UNKNOWN = (0, 0xFFFF_FFFF)  # written by programs that do not know the length when they begin


def missing_bytes(source: bytes) -> int:
    """How many bytes of sound the header of a WAV file promises that are not there; 0 for any other file."""
    if source[:4] != b"RIFF" or source[8:12] != b"WAVE":
        return 0
    place = 12
    while place + _HEAD.size <= len(source):
        name, size = _HEAD.unpack_from(source, place)
        place += _HEAD.size
        if name == b"data":
            return 0 if size in _UNKNOWN else max(0, place + size - len(source))
        place += size + size % 2  # chunks begin at even places
    return 0
