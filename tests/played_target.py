"""A target that is played by the test: the firmware's side of the conversation, with what the test meddles in."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pcm_decoder import decode
from proofboard_harness.frames import Frame, FrameReader, encode_frame
from proofboard_harness.messages import FLAG_TRACE, Kind
from proofboard_harness.target import Identity, Patience, Target

IDENTITY = Identity(bytes(range(20)).hex(), bytes(range(16)).hex())
WINDOW, CHUNK, LAYERS, RESULTS, CREDIT = 800, 320, 3, 4, 6
FAST = Patience(first_seconds=0.005, answer_seconds=0.01, repetitions=8, poll_seconds=0.0, reconnect_seconds=0.0)
LAYER_BYTES = bytes(range(256)) * 5


@dataclass
class FakeTarget:
    """What the firmware does, in a few lines. `meddle` sees each frame on its way and gives what arrives instead."""

    version: int = 2
    identity: Identity = IDENTITY
    chip: bytes = b"part 01"
    meddle_in: Callable[[Frame], list[Frame]] = lambda frame: [frame]
    meddle_out: Callable[[Frame], list[Frame]] = lambda frame: [frame]
    session: int = 0
    packet: int = 0
    chunks: dict[int, bytes] = field(default_factory=dict)
    done: list[bytes] = field(default_factory=list)
    outbox: bytearray = field(default_factory=bytearray)
    heard: list[Frame] = field(default_factory=list)
    inferred: int = 0

    def take(self, frame: Frame) -> None:
        for arrived in self.meddle_in(frame):
            self.heard.append(arrived)
            self._handle(arrived)

    def reset(self) -> None:
        self.begin(0)
        self._hello()

    def begin(self, session: int) -> None:
        self.session, self.packet, self.chunks, self.done = session, 0, {}, []

    def send(self, kind: int, payload: bytes) -> None:
        for leaving in self.meddle_out(Frame(kind, struct.pack("<I", self.session) + payload)):
            self.outbox += encode_frame(leaving.type, leaving.payload)

    def _hello(self) -> None:
        head = struct.pack("<BBBBBBHIII", self.version, 0, LAYERS, 2, 0, RESULTS, CHUNK, WINDOW, 20, CREDIT)
        hashes = bytes.fromhex(self.identity.build_id) + bytes.fromhex(self.identity.model_hash)
        self.send(Kind.HELLO, head + hashes + b"fake\0" + self.chip)

    def _handle(self, frame: Frame) -> None:
        (session,) = struct.unpack_from("<I", frame.payload)
        if frame.type == Kind.HELLO_REQUEST:
            if session != self.session:
                self.begin(session)
            self._hello()
        elif session != self.session or session == 0:
            self._ack()
        elif frame.type == Kind.CLIP_CHUNK:
            packet, clip, chunk, flags = struct.unpack_from("<IIBB", frame.payload, 4)
            assert flags == FLAG_TRACE
            self.packet = max(packet, self.packet)
            self._chunk(clip, chunk, frame.payload[14:])
        elif frame.type == Kind.POLL:
            packet, clip = struct.unpack_from("<II", frame.payload, 4)
            self.packet = max(packet, self.packet)
            for held in range(max(clip, len(self.done) - RESULTS, 0), len(self.done)):
                self._result(held)
            self._ack()
        elif frame.type == Kind.DUMP_REQUEST:
            clip, layer = struct.unpack_from("<II", frame.payload, 4)
            for offset in range(0, len(LAYER_BYTES), 480):
                head = struct.pack("<IHHI", clip, layer, len(LAYER_BYTES), offset)
                self.send(Kind.DUMP, head + LAYER_BYTES[offset : offset + 480])

    def _chunk(self, clip: int, chunk: int, code: bytes) -> None:
        if clip == len(self.done):
            self.chunks[chunk] = decode(code, min(CHUNK, WINDOW - chunk * CHUNK)).tobytes()
            if len(self.chunks) == 3:
                self.done.append(b"".join(self.chunks[index] for index in range(3)))
                self.chunks, self.inferred = {}, self.inferred + 1
                self._result(clip)
        self._ack()

    def _ack(self) -> None:
        received = sum(1 << chunk for chunk in self.chunks)
        clip = len(self.done)
        words = (received & 0xFFFFFFFF, 0, 0, 0)
        self.send(Kind.ACK, struct.pack("<8I", self.packet, self.packet + CREDIT, clip, *words, 0))

    def _result(self, clip: int) -> None:
        head = struct.pack("<7IBB", clip, zlib.crc32(self.done[clip]), 1, 10, 20, 300, 0, 2, LAYERS + 1)
        self.send(Kind.RESULT, head + struct.pack("<2i4I", -5, 6, 7, 8, 9, 10))


@dataclass
class FakeLink:
    """The stream to the fake target."""

    target: FakeTarget
    reader: FrameReader = field(default_factory=FrameReader)
    closed: bool = False
    busy_seconds: float = 0.0

    def write(self, data: bytes) -> None:
        for frame in self.reader.feed(data):
            self.target.take(frame)

    def read(self, timeout: float) -> bytes:
        data = bytes(self.target.outbox)
        self.target.outbox.clear()
        return data

    def close(self) -> None:
        self.closed = True


def connect(fake: FakeTarget, watch: Callable[[], None] = lambda: None) -> Target:
    return Target(FakeLink(fake), watch, lambda address: f"0x{address:08x} in main.c:1", FAST)


def make_pcm(seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-32768, 32768, WINDOW).astype(np.int16)


def crcs(clips: list[NDArray[np.int16]]) -> list[int]:
    return [zlib.crc32(clip.tobytes()) for clip in clips]


def lose(count: int, kind: Kind, chunk: int | None = None) -> Callable[[Frame], list[Frame]]:
    """Lose the first `count` frames of a kind (of a chunk)."""
    left = [count]

    def meddle(frame: Frame) -> list[Frame]:
        wanted = frame.type == kind and (chunk is None or frame.payload[12] == chunk)
        if wanted and left[0] > 0:
            left[0] -= 1
            return []
        return [frame]

    return meddle
