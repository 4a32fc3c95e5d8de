"""The protocol's messages as dataclasses. docs/protocol.md describes every byte; `protocol.h` is the target's side."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from .errors import TargetFault

PROTOCOL_VERSION = 1
FLAG_TRACE = 1
_BUILD_ID_BYTES = 20
_MODEL_HASH_BYTES = 16
_MAX_CHUNKS = 64  # one bit each in a status


class Kind(IntEnum):
    """Types of frames: 0x0_ from the host, 0x8_ from the target."""

    HELLO_REQUEST = 0x01
    CLIP_CHUNK = 0x02
    STATUS_REQUEST = 0x03
    DUMP_REQUEST = 0x04
    HELLO = 0x81
    STATUS = 0x82
    RESULT = 0x83
    FAULT = 0x84
    DUMP = 0x85


class LogitKind(IntEnum):
    """How the 32-bit logit words are meant."""

    INT16 = 0
    FLOAT32 = 1


@dataclass(frozen=True)
class Hello:
    """Who the target is. `chunk_samples` and `window` in samples, `clock_hz` in Hz."""

    nonce: int
    protocol_version: int
    counter: int
    layers: int
    logits: int
    logit_kind: LogitKind
    lanes: int
    chunk_samples: int
    window: int
    clock_hz: int
    build_id: str
    model_hash: str
    board: str


@dataclass(frozen=True)
class Status:
    """Which chunks of a clip have arrived, one bit each."""

    clip: int
    received: int
    bad_frames: int


@dataclass(frozen=True)
class Result:
    """What the target says of a clip. Ticks are the board's own; `words` are the logits, see `LogitKind`."""

    clip: int
    pcm_crc: int
    class_index: int
    frontend_ticks: int
    network_ticks: int
    stack_high_water: int
    bad_frames: int
    words: tuple[int, ...]
    layer_crcs: tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """The target crashed: Armv8-M fault registers, stacked PC and LR (0xFFFFFFFF where not known), exception number."""

    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    pc: int
    lr: int
    exception: int


@dataclass(frozen=True)
class Dump:
    """A piece of a layer's output: `data` lies at `offset` of `size` bytes."""

    clip: int
    layer: int
    size: int
    offset: int
    data: bytes


Message = Hello | Status | Result | Fault | Dump


def clip_chunk(clip: int, chunk: int, flags: int, code: bytes) -> bytes:
    """Payload of CLIP_CHUNK; `code` is a chunk's PCM by `pcm_code.encode`."""
    return struct.pack("<IHH", clip, chunk, flags) + code


def word(value: int) -> bytes:
    """Payload of HELLO_REQUEST and STATUS_REQUEST."""
    return struct.pack("<I", value)


def dump_request(clip: int, layer: int) -> bytes:
    """Payload of DUMP_REQUEST: layer 0 is the features, k the output of operator k."""
    return struct.pack("<II", clip, layer)


def parse(kind: int, payload: bytes) -> Message | None:
    """The message in a frame from the target; None for a type that this version does not know.

    Raises:
        TargetFault: a known type whose payload has the wrong length or a number out of its bounds: the frame's CRC
            was right, so the firmware and this host do not speak the same protocol.
    """
    try:
        match kind:
            case Kind.HELLO:
                return _hello(payload)
            case Kind.STATUS:
                clip, low, high, bad_frames = struct.unpack("<IIII", payload)
                return Status(clip, low | high << 32, bad_frames)
            case Kind.RESULT:
                return _result(payload)
            case Kind.FAULT:
                return Fault(*struct.unpack("<7I", payload))
            case Kind.DUMP:
                return _dump(payload)
    except (struct.error, ValueError, IndexError) as error:
        raise TargetFault(
            f"a message of type 0x{kind:02x} with {len(payload)} bytes can't be read: {error}",
            hint="the firmware speaks another protocol version: build and flash it anew",
        ) from error
    return None


def _hello(payload: bytes) -> Hello:
    head = struct.Struct("<IBBBBBBHII")
    nonce, version, counter, layers, logits, kind, lanes, chunk, window, clock = head.unpack(payload[: head.size])
    rest = payload[head.size :]
    if len(rest) < _BUILD_ID_BYTES + _MODEL_HASH_BYTES:
        raise ValueError("the build id or the model hash is cut off")
    if lanes < 1 or chunk < 1 or not 1 <= window <= _MAX_CHUNKS * chunk:
        raise ValueError(f"{lanes} lanes, windows of {window} samples in chunks of {chunk}")
    build_id = rest[:_BUILD_ID_BYTES].hex()
    model_hash = rest[_BUILD_ID_BYTES : _BUILD_ID_BYTES + _MODEL_HASH_BYTES].hex()
    board = rest[_BUILD_ID_BYTES + _MODEL_HASH_BYTES :].decode("ascii", errors="replace")
    numbers = (nonce, version, counter, layers, logits, LogitKind(kind), lanes, chunk, window, clock)
    return Hello(*numbers, build_id, model_hash, board)


def _result(payload: bytes) -> Result:
    head = struct.Struct("<7IBB")
    clip, pcm_crc, index, frontend, network, stack, bad_frames, logits, crcs = head.unpack(payload[: head.size])
    words = struct.unpack_from(f"<{logits}i", payload, head.size)
    layer_crcs = struct.unpack(f"<{crcs}I", payload[head.size + 4 * logits :])
    if index >= logits:
        raise ValueError(f"class {index} of {logits}")
    return Result(clip, pcm_crc, index, frontend, network, stack, bad_frames, words, layer_crcs)


def _dump(payload: bytes) -> Dump:
    head = struct.Struct("<IHHI")
    clip, layer, size, offset = head.unpack(payload[: head.size])
    data = payload[head.size :]
    if offset + len(data) > size:
        raise ValueError(f"{len(data)} bytes at {offset} of {size}")
    return Dump(clip, layer, size, offset, data)
