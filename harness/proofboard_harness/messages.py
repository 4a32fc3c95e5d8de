"""The protocol's messages as dataclasses. docs/protocol.md describes every byte; `protocol.h` is the target's side."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from .errors import TargetFault

PROTOCOL_VERSION = 2
FLAG_TRACE = 1
_BUILD_ID_BYTES = 20
_MODEL_HASH_BYTES = 16
_MAX_CHUNKS = 128  # one bit each in an ACK
_MAX_RESULTS = 16
_MAX_LAYERS = 16
_MAX_LOGITS = 16
_DUMP_BYTES = 480


class Kind(IntEnum):
    """Types of frames: 0x0_ from the host, 0x8_ from the target."""

    HELLO_REQUEST = 0x01
    CLIP_CHUNK = 0x02
    POLL = 0x03
    DUMP_REQUEST = 0x04
    BAUD_REQUEST = 0x05
    ECHO_REQUEST = 0x06
    HELLO = 0x81
    ACK = 0x82
    RESULT = 0x83
    FAULT = 0x84
    DUMP = 0x85
    BAUD = 0x86
    ECHO = 0x87
    LOG = 0x88


class LogitKind(IntEnum):
    """How the 32-bit logit words are meant."""

    INT16 = 0
    FLOAT32 = 1


@dataclass(frozen=True)
class Hello:
    """Who the target is. `chunk_samples` and `window` in samples, `clock_hz` in Hz; it keeps the last `results`
    results and lets `credit` packets be under way. `session` is 0 when nobody asked: it was reset. `chip` tells this
    very chip from every other, `<part number> <unique id in hex>`; empty where it has none."""

    session: int
    protocol_version: int
    counter: int
    layers: int
    logits: int
    logit_kind: LogitKind
    results: int
    chunk_samples: int
    window: int
    clock_hz: int
    credit: int
    build_id: str
    model_hash: str
    board: str
    chip: str


@dataclass(frozen=True)
class Ack:
    """Up to `packet` everything was taken or lost; packets up to `granted` may go. Of `clip`, which is in progress,
    the chunks in `received` are held, one bit each."""

    session: int
    packet: int
    granted: int
    clip: int
    received: int
    bad_frames: int


@dataclass(frozen=True)
class Result:
    """What the target says of a clip. Ticks are the board's own; `words` are the logits, see `LogitKind`."""

    session: int
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

    session: int
    clip: int
    layer: int
    size: int
    offset: int
    data: bytes


@dataclass(frozen=True)
class Baud:
    """The target goes on at `baud` bit/s from now on; 0: it can't."""

    session: int
    baud: int


@dataclass(frozen=True)
class Echo:
    """What an ECHO_REQUEST carried."""

    session: int
    data: bytes


@dataclass(frozen=True)
class Log:
    """Words for people."""

    session: int
    text: str


Message = Hello | Ack | Result | Fault | Dump | Baud | Echo | Log


def hello_request(session: int) -> bytes:
    """Payload of HELLO_REQUEST: `session` is a new number, not 0."""
    return struct.pack("<I", session)


def clip_chunk(session: int, packet: int, clip: int, chunk: int, flags: int, code: bytes) -> bytes:
    """Payload of CLIP_CHUNK; `code` is a chunk's PCM by `pcm_code`."""
    return struct.pack("<IIIBB", session, packet, clip, chunk, flags) + code


def poll(session: int, packet: int, clip: int) -> bytes:
    """Payload of POLL; `clip` is the first whose result is missing."""
    return struct.pack("<III", session, packet, clip)


def dump_request(session: int, clip: int, layer: int) -> bytes:
    """Payload of DUMP_REQUEST: layer 0 is the features, k the output of operator k."""
    return struct.pack("<III", session, clip, layer)


def baud_request(session: int, baud: int) -> bytes:
    """Payload of BAUD_REQUEST, in bit/s."""
    return struct.pack("<II", session, baud)


def echo_request(session: int, data: bytes) -> bytes:
    """Payload of ECHO_REQUEST; at most 508 bytes of `data` come back."""
    return struct.pack("<I", session) + data


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
            case Kind.ACK:
                session, packet, granted, clip, *received, bad_frames = struct.unpack("<9I", payload)
                bits = sum(word << 32 * index for index, word in enumerate(received))
                return Ack(session, packet, granted, clip, bits, bad_frames)
            case Kind.BAUD:
                return Baud(*struct.unpack("<II", payload))
            case Kind.ECHO:
                return Echo(struct.unpack_from("<I", payload)[0], payload[4:])
            case Kind.LOG:
                return Log(struct.unpack_from("<I", payload)[0], payload[4:].decode("ascii", errors="replace"))
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
    head = struct.Struct("<IBBBBBBHIII")
    session, version, counter, layers, logits, kind, results, chunk, window, clock, credit = head.unpack(
        payload[: head.size]
    )
    rest = payload[head.size :]
    if len(rest) < _BUILD_ID_BYTES + _MODEL_HASH_BYTES:
        raise ValueError("the build id or the model hash is cut off")
    if not 1 <= layers <= _MAX_LAYERS or not 1 <= logits <= _MAX_LOGITS:
        raise ValueError(f"{layers} layers, {logits} logits")
    if not 1 <= results <= _MAX_RESULTS or credit < 1:
        raise ValueError(f"{results} results kept, {credit} packets granted")
    if chunk < 1 or not 1 <= window <= _MAX_CHUNKS * chunk:
        raise ValueError(f"windows of {window} samples in chunks of {chunk}")
    build_id = rest[:_BUILD_ID_BYTES].hex()
    model_hash = rest[_BUILD_ID_BYTES : _BUILD_ID_BYTES + _MODEL_HASH_BYTES].hex()
    names = rest[_BUILD_ID_BYTES + _MODEL_HASH_BYTES :].decode("ascii", errors="replace")
    board, _, chip = names.partition("\0")
    numbers = (session, version, counter, layers, logits, LogitKind(kind), results, chunk, window, clock, credit)
    return Hello(*numbers, build_id, model_hash, board, chip)


def _result(payload: bytes) -> Result:
    head = struct.Struct("<8IBB")
    session, clip, pcm_crc, index, frontend, network, stack, bad_frames, logits, crcs = head.unpack(
        payload[: head.size]
    )
    words = struct.unpack_from(f"<{logits}i", payload, head.size)
    layer_crcs = struct.unpack(f"<{crcs}I", payload[head.size + 4 * logits :])
    if index >= logits:
        raise ValueError(f"class {index} of {logits}")
    return Result(session, clip, pcm_crc, index, frontend, network, stack, bad_frames, words, layer_crcs)


def _dump(payload: bytes) -> Dump:
    head = struct.Struct("<IIHHI")
    session, clip, layer, size, offset = head.unpack(payload[: head.size])
    data = payload[head.size :]
    if offset % _DUMP_BYTES or offset >= size or len(data) != min(_DUMP_BYTES, size - offset):
        raise ValueError(f"{len(data)} bytes at {offset} of {size}")
    return Dump(session, clip, layer, size, offset, data)
