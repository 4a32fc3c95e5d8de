"""The conversation with a target that is played here: every loss is repaired or named."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray
from pcm_decoder import decode
from proofboard_harness.errors import BenchFault, StaleFirmware, TargetFault
from proofboard_harness.frames import Frame, FrameReader, encode_frame
from proofboard_harness.messages import FLAG_TRACE, Kind
from proofboard_harness.target import Identity, Patience, Target, decode_cfsr

IDENTITY = Identity(bytes(range(20)).hex(), bytes(range(16)).hex())
WINDOW, CHUNK, LAYERS = 1250, 500, 3
FAST = Patience(answer_seconds=0.0, repetitions=3, poll_seconds=0.0)
LAYER_BYTES = bytes(range(256)) * 5


@dataclass
class FakeTarget:
    """What the firmware does, in a few lines. `meddle` sees each frame on its way and gives what arrives instead."""

    lanes: int = 4
    version: int = 1
    identity: Identity = IDENTITY
    meddle_in: Callable[[Frame], list[Frame]] = lambda frame: [frame]
    meddle_out: Callable[[Frame], list[Frame]] = lambda frame: [frame]
    chunks: dict[int, bytes] = field(default_factory=dict)
    clip: int | None = None
    done: tuple[int, bytes] | None = None
    outbox: bytearray = field(default_factory=bytearray)
    heard: list[Frame] = field(default_factory=list)

    def take(self, frame: Frame) -> None:
        for arrived in self.meddle_in(frame):
            self.heard.append(arrived)
            self._handle(arrived)

    def send(self, kind: int, payload: bytes) -> None:
        for leaving in self.meddle_out(Frame(kind, payload)):
            self.outbox += encode_frame(leaving.type, leaving.payload)

    def _handle(self, frame: Frame) -> None:
        numbers = struct.unpack_from("<I", frame.payload)
        if frame.type == Kind.HELLO_REQUEST:
            head = struct.pack("<IBBBBBBHII", *numbers, self.version, 0, LAYERS, 2, 0, self.lanes, CHUNK, WINDOW, 20)
            hashes = bytes.fromhex(self.identity.build_id) + bytes.fromhex(self.identity.model_hash)
            self.send(Kind.HELLO, head + hashes + b"fake")
        elif frame.type == Kind.CLIP_CHUNK:
            self._chunk(*struct.unpack_from("<IHH", frame.payload), frame.payload[8:])
        elif frame.type == Kind.STATUS_REQUEST:
            self._answer(numbers[0])
        elif frame.type == Kind.DUMP_REQUEST:
            clip, layer = struct.unpack("<II", frame.payload)
            for offset in range(0, len(LAYER_BYTES), 480):
                head = struct.pack("<IHHI", clip, layer, len(LAYER_BYTES), offset)
                self.send(Kind.DUMP, head + LAYER_BYTES[offset : offset + 480])

    def _chunk(self, clip: int, chunk: int, flags: int, code: bytes) -> None:
        assert flags == FLAG_TRACE
        if self.done is not None and self.done[0] == clip:
            self._answer(clip)
            return
        if self.clip != clip:
            self.clip, self.chunks = clip, {}
        self.chunks[chunk] = decode(code, min(CHUNK, WINDOW - chunk * CHUNK)).tobytes()
        if len(self.chunks) == 3:
            self.done = (clip, b"".join(self.chunks[index] for index in range(3)))
            self._answer(clip)

    def _answer(self, clip: int) -> None:
        if self.done is not None and self.done[0] == clip:
            head = struct.pack("<7IBB", clip, zlib.crc32(self.done[1]), 1, 10, 20, 300, 0, 2, 1)
            self.send(Kind.RESULT, head + struct.pack("<2iI", -5, 6, 7))
        else:
            received = sum(1 << chunk for chunk in self.chunks) if clip == self.clip else 0
            self.send(Kind.STATUS, struct.pack("<IQI", clip, received, 0))


@dataclass
class FakeLink:
    """A lane to the fake target; answers come on the first one only."""

    target: FakeTarget
    answers: bool
    reader: FrameReader = field(default_factory=FrameReader)
    closed: bool = False

    def write(self, data: bytes) -> None:
        for frame in self.reader.feed(data):
            self.target.take(frame)

    def read(self, timeout: float) -> bytes:
        data = bytes(self.target.outbox) if self.answers else b""
        self.target.outbox.clear()
        return data

    def close(self) -> None:
        self.closed = True


def connect(fake: FakeTarget, lanes: int = 2, watch: Callable[[], None] = lambda: None) -> Target:
    links = [FakeLink(fake, answers=lane == 0) for lane in range(lanes)]
    return Target(links, watch, lambda address: f"0x{address:08x} in main.c:1", FAST)


def make_pcm(seed: int = 1) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-32768, 32768, WINDOW).astype(np.int16)


def lose(count: int, kind: Kind, chunk: int | None = None) -> Callable[[Frame], list[Frame]]:
    """Lose the first `count` frames of a kind (of a chunk)."""
    left = [count]

    def meddle(frame: Frame) -> list[Frame]:
        wanted = frame.type == kind and (chunk is None or struct.unpack_from("<H", frame.payload, 4)[0] == chunk)
        if wanted and left[0] > 0:
            left[0] -= 1
            return []
        return [frame]

    return meddle


def test_a_clip_there_and_its_result_back() -> None:
    target = connect(FakeTarget())
    hello = target.greet(IDENTITY)
    assert (hello.board, hello.window, hello.lanes) == ("fake", WINDOW, 4)
    pcm = make_pcm()
    result = target.infer(pcm)
    assert result.words == (-5, 6)
    assert result.layer_crcs == (7,)
    assert result.pcm_crc == zlib.crc32(pcm.tobytes())
    assert target.statistics.retransmits == 0
    assert target.statistics.bytes_sent > pcm.nbytes
    assert target.infer(make_pcm(2)).clip == result.clip + 1


def test_chunks_take_turns_on_the_lanes() -> None:
    fake = FakeTarget()
    target = connect(fake, lanes=2)
    target.greet(IDENTITY)
    sent: list[tuple[int, int]] = []
    for lane, link in enumerate(target.lanes):
        write = link.write
        link.write = lambda data, lane=lane, write=write: (sent.append((lane, len(data))), write(data))[1]  # type: ignore[method-assign]
    target.infer(make_pcm())
    assert [lane for lane, _ in sent] == [0, 1, 0]


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_lost_chunk_is_sent_again_alone(chunk: int) -> None:
    fake = FakeTarget(meddle_in=lose(1, Kind.CLIP_CHUNK, chunk))
    target = connect(fake)
    target.greet(IDENTITY)
    target.infer(make_pcm())
    assert target.statistics.retransmits == 1


def test_every_chunk_lost_once_and_the_answer_to_the_question_too() -> None:
    fake = FakeTarget(meddle_in=lose(3, Kind.CLIP_CHUNK), meddle_out=lose(1, Kind.STATUS))
    target = connect(fake)
    target.greet(IDENTITY)
    target.infer(make_pcm())
    assert target.statistics.retransmits == 3


def test_lost_result_is_asked_for() -> None:
    fake = FakeTarget(meddle_out=lose(1, Kind.RESULT))
    target = connect(fake)
    target.greet(IDENTITY)
    assert target.infer(make_pcm()).words == (-5, 6)
    assert [frame.type for frame in fake.heard].count(Kind.STATUS_REQUEST) == 1
    assert target.statistics.retransmits == 0


def test_frames_in_any_order_and_doubled() -> None:
    held: list[Frame] = []

    def swap_and_double(frame: Frame) -> list[Frame]:
        if frame.type != Kind.CLIP_CHUNK:
            return [frame]
        held.append(frame)
        if len(held) < 3:
            return []
        frames, held[:] = [held[2], held[0], held[0], held[1], held[1]], []
        return frames

    target = connect(FakeTarget(meddle_in=swap_and_double))
    target.greet(IDENTITY)
    pcm = make_pcm()
    assert target.infer(pcm).pcm_crc == zlib.crc32(pcm.tobytes())
    assert target.infer(make_pcm(2)).words == (-5, 6)


def test_answer_with_a_wrong_crc_is_dropped_and_asked_for_again() -> None:
    fake = FakeTarget()
    target = connect(fake)
    target.greet(IDENTITY)
    send, broken = fake.send, []

    def send_broken_once(kind: int, payload: bytes) -> None:
        send(kind, payload)
        if not broken:
            broken.append(kind)
            fake.outbox[10] ^= 0x40

    fake.send = send_broken_once  # type: ignore[method-assign]
    assert target.infer(make_pcm()).words == (-5, 6)
    assert target.statistics.bad_frames_host == 1


def test_answer_for_other_samples() -> None:
    def bend(frame: Frame) -> list[Frame]:
        if frame.type == Kind.CLIP_CHUNK:
            return [Frame(frame.type, frame.payload[:-1] + bytes([frame.payload[-1] ^ 1]))]
        return [frame]

    target = connect(FakeTarget(meddle_in=bend))
    target.greet(IDENTITY)
    with pytest.raises(TargetFault, match="other samples"):
        target.infer(make_pcm())


@pytest.mark.parametrize("key", ["build_id", "model_hash"])
def test_stale_image_is_refused(key: str) -> None:
    stale = dataclasses.replace(IDENTITY, **{key: "00" * (len(getattr(IDENTITY, key)) // 2)})
    with pytest.raises(StaleFirmware, match="not build") as caught:
        connect(FakeTarget(identity=stale)).greet(IDENTITY)
    assert "flash it" in caught.value.hint


def test_hello_to_another_nonce_is_not_taken() -> None:
    """An answer from before the reset, say."""

    def old_first(frame: Frame) -> list[Frame]:
        old = Frame(frame.type, bytes(4) + frame.payload[4:-4] + b"past")
        return [old, frame] if frame.type == Kind.HELLO else [frame]

    assert connect(FakeTarget(meddle_out=old_first)).greet(IDENTITY).board == "fake"


def test_another_protocol_version() -> None:
    with pytest.raises(TargetFault, match="speaks protocol 2, not 1"):
        connect(FakeTarget(version=2)).greet(IDENTITY)


def test_more_lanes_than_the_target_hears() -> None:
    with pytest.raises(TargetFault, match="listens on 1 lanes, the host sends on 2"):
        connect(FakeTarget(lanes=1)).greet(IDENTITY)


def test_silence_ends_after_the_agreed_repetitions() -> None:
    fake = FakeTarget(meddle_out=lambda frame: [])
    with pytest.raises(TargetFault, match="no answer") as caught:
        connect(fake).greet(IDENTITY)
    assert len(fake.heard) == FAST.repetitions + 1
    assert "doctor" in caught.value.hint


def test_a_lane_that_carries_nothing_is_named() -> None:
    fake = FakeTarget(meddle_in=lose(1 << 30, Kind.CLIP_CHUNK, 1))
    target = connect(fake)
    target.greet(IDENTITY)
    with pytest.raises(TargetFault, match="the result of clip"):
        target.infer(make_pcm())


def test_crash_is_told_with_its_place() -> None:
    def crash(frame: Frame) -> list[Frame]:
        fault = struct.pack("<7I", 1 << 25 | 1 << 16, 1 << 30, 2, 3, 0x10001234, 0x10005678, 6)
        return [Frame(Kind.FAULT, fault)] if frame.type == Kind.RESULT else [frame]

    target = connect(FakeTarget(meddle_out=crash))
    target.greet(IDENTITY)
    with pytest.raises(TargetFault, match="UNDEFINSTR DIVBYZERO") as caught:
        target.infer(make_pcm())
    assert "0x10001234 in main.c:1" in caught.value.seen
    assert "exception 6" in caught.value.seen


def test_dead_simulator_is_the_cause() -> None:
    def dead() -> None:
        raise BenchFault("QEMU ended with exit code 1")

    with pytest.raises(BenchFault, match="QEMU ended"):
        connect(FakeTarget(), watch=dead).greet(IDENTITY)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_dump_comes_whole(lost: int) -> None:
    fake = FakeTarget(meddle_out=lose(lost, Kind.DUMP))
    target = connect(fake)
    target.greet(IDENTITY)
    target.infer(make_pcm())
    assert target.dump(2) == LAYER_BYTES


def test_wrong_calls_are_refused() -> None:
    target = connect(FakeTarget())
    with pytest.raises(RuntimeError, match="greet"):
        target.infer(make_pcm())
    target.greet(IDENTITY)
    with pytest.raises(ValueError, match="int16 samples"):
        target.infer(make_pcm()[:-1])
    with pytest.raises(ValueError, match=r"layer 4 is not in 0\.\.3"):
        target.dump(LAYERS + 1)


def test_close_closes_every_lane() -> None:
    target = connect(FakeTarget())
    target.close()
    assert all(link.closed for link in target.lanes)  # type: ignore[attr-defined]


def test_cfsr_bits_by_name() -> None:
    assert decode_cfsr(1 << 20) == "STKOF"
    assert decode_cfsr(1 << 15 | 1 << 9) == "PRECISERR BFARVALID"
    assert decode_cfsr(0) == "no fault bits"
