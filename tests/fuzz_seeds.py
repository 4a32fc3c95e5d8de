"""Inputs for the fuzzer of the firmware's receiver, written by hand: one for each rule of docs/protocol.md.

The format is that of `tests/fuzz/wire_items.h`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from proofboard_harness import pcm_code
from proofboard_harness.messages import Kind

_BYTES, _FRAME, _CHUNK, _GOOD_CHUNK, _GOOD_CLIP, _HELLO, _REQUEST, _DAMAGED, _RINGS = range(9)
_SAMPLES = (320, 320, 320, 320, 20)


def _item(kind: int, *parts: bytes | int, lane: int = 0) -> bytes:
    return bytes([kind << 2 | lane]) + b"".join(bytes([part]) if isinstance(part, int) else part for part in parts)


def _chunk(clip: int, chunk: int, code: bytes, *, leap: int = 0, lane: int = 0) -> bytes:
    return _item(_CHUNK, clip % 256, chunk, 1, struct.pack("<HH", leap, len(code)), code, lane=lane)


def _clip(seed: int, *, last: int = 4, lane: int = 0) -> bytes:
    """A whole clip with its layers' CRCs; chunk `last` comes last."""
    return _item(_GOOD_CLIP, last, 1, seed, lane=lane) + _item(_GOOD_CHUNK, last, 1, seed, lane=lane)


def _request(kind: Kind, first: int, second: int = 0) -> bytes:
    return _item(_REQUEST, kind, first % 256, second % 256)


def _echo(size: int, filler: int, lane: int = 0) -> bytes:
    """ECHO_REQUEST of session 5 whose payload has `size` bytes."""
    payload = struct.pack("<I", 5) + bytes((filler * index) % 256 for index in range(size - 4))
    return _item(_FRAME, Kind.ECHO_REQUEST, struct.pack("<H", size), payload, lane=lane)


def _rings(write: int, read: int) -> bytes:
    return _item(_RINGS, struct.pack("<HH", write, read)) + _item(_HELLO, 1, lane=2)


def _tone(count: int) -> NDArray[np.int16]:
    return (8000 * np.sin(np.arange(count) / 9)).astype(np.int16)


def _raw(count: int) -> bytes:
    return b"\3" + bytes(index * 7 % 251 for index in range(2 * count))


def seeds() -> Iterator[tuple[str, bytes]]:
    """(name, input)."""
    hello = _item(_HELLO, 5)
    around = ((5, 320), (5, 20), (4, 320), (4, 21), (3, 319), (127, 320), (128, 20), (255, 320))
    dumps = b"".join(_request(Kind.DUMP_REQUEST, -1, layer) for layer in (0, 1, 3, 99)) + _request(Kind.DUMP_REQUEST, 0)
    yield "hello", hello
    yield "clip", hello + _clip(7) + dumps
    yield "coded", hello + b"".join(_chunk(0, index, pcm_code.encode(_tone(n))) for index, n in enumerate(_SAMPLES))
    yield "past the end", hello + b"".join(_chunk(0, chunk, _raw(count)) for chunk, count in around)
    yield "not its turn", hello + b"".join(_chunk(clip, 0, _raw(320)) for clip in (1, -1, 127, -128))
    yield (
        "no code",
        hello
        + b"".join(
            _chunk(0, 0, code) for code in (b"", b"\4", b"\3", b"\0\x13" + bytes(60), b"\2" + b"\xff" * 640, b"\1" * 9)
        ),
    )
    spare = pcm_code.encode(_tone(320))
    yield (
        "code and a byte more",
        hello + b"".join(_chunk(0, index, spare + bytes([index])) for index in range(4)) + _request(Kind.POLL, 0),
    )
    yield (
        "results again",
        hello
        + b"".join(_clip(seed) for seed in range(6))
        + b"".join(_request(Kind.POLL, first) for first in (0, -1, -4, -5, -6)),
    )
    yield "serial 1", _item(_HELLO, 6, lane=1) + _clip(3, last=0, lane=1) + _request(Kind.POLL, 0)
    yield "probe", _item(_HELLO, 7, lane=2) + _clip(9, last=2, lane=2)
    yield (
        "longest",
        b"".join(_item(_HELLO, 5, lane=lane) + _echo(size, 7, lane) for lane in range(3) for size in (675, 676)),
    )
    yield "zeros", hello + _echo(675, 0) + _echo(676, 0)
    yield "noise", _item(_BYTES, 31, bytes(range(1, 32))) + _item(_BYTES, 3, b"\0\5\0") + hello
    yield (
        "damage",
        hello
        + b"".join(
            _item(_DAMAGED, 0, 0, 3, struct.pack("<H", at), change)
            for at, change in ((0, 1), (1, 9), (32, 16), (660, 255))
        )
        + _item(_GOOD_CHUNK, 0, 0, 3),
    )
    yield (
        "rings",
        b"".join(_rings(*offsets) for offsets in ((10, 4100), (4095, 4095), (4096, 0), (0, 4096), (0, 65535))),
    )
    yield "sessions", hello + _item(_GOOD_CLIP, 1, 0, 1) + _item(_HELLO, 6) + _item(_GOOD_CHUNK, 1, 0, 1) + hello
    yield "no session", _item(_HELLO, 0) + _clip(1) + _request(Kind.POLL, 0)
    yield "numbers", hello + _chunk(0, 0, b"\3", leap=0xFFFF) + _request(Kind.POLL, 0) + _chunk(0, 1, _raw(320))
    damaged = _item(_DAMAGED, 0, 0, 3, struct.pack("<H", 40), 8)  # 660 bytes; 4,096 of noise end a rate
    yield "rates", hello + b"".join(_request(Kind.BAUD_REQUEST, baud) for baud in (1, 2)) + 7 * damaged + hello


def write_seeds(folder: Path) -> list[Path]:
    """One file for each."""
    paths = []
    for name, data in seeds():
        path = folder / name.replace(" ", "-")
        path.write_bytes(data)
        paths.append(path)
    return paths
