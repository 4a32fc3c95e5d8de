"""The conversation with a target that is played here: every loss is repaired or named."""

from __future__ import annotations

import dataclasses
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from played_target import (
    CREDIT,
    FAST,
    IDENTITY,
    LAYER_BYTES,
    LAYERS,
    RESULTS,
    WINDOW,
    FakeLink,
    FakeTarget,
    connect,
    crcs,
    lose,
    make_pcm,
)
from proofboard_harness.errors import BenchFault, LastingFault, StaleFirmware, TargetFault
from proofboard_harness.frames import Frame
from proofboard_harness.messages import Kind
from proofboard_harness.target import Identity, decode_cfsr


def test_clips_there_and_their_results_back() -> None:
    target = connect(FakeTarget())
    hello = target.greet(IDENTITY)
    assert (hello.board, hello.window, hello.credit) == ("fake", WINDOW, CREDIT)
    clips = [make_pcm(seed) for seed in range(20)]
    results = list(target.stream(clips))
    assert [result.clip for result in results] == list(range(20))
    assert [result.pcm_crc for result in results] == crcs(clips)
    assert (results[0].words, results[0].layer_crcs) == ((-5, 6), (7, 8, 9, 10))
    assert (target.statistics.retransmits, target.statistics.polls) == (0, 0)
    assert target.statistics.pcm_bytes == 20 * 2 * WINDOW
    assert target.statistics.bytes_sent > target.statistics.pcm_bytes


def test_the_next_clip_goes_before_the_result_of_this_one_is_taken() -> None:
    fake = FakeTarget()
    target = connect(fake)
    target.greet(IDENTITY)
    results = target.stream(make_pcm(seed) for seed in range(9))
    next(results)
    assert len(fake.done) > 1
    assert len(fake.done) <= RESULTS  # nothing takes the place of a result that may be lost yet


@pytest.mark.parametrize("chunk", [0, 1, 2])
def test_lost_chunk_is_sent_again_alone(chunk: int) -> None:
    target = connect(FakeTarget(meddle_in=lose(1, Kind.CLIP_CHUNK, chunk)))
    target.greet(IDENTITY)
    target.infer(make_pcm())
    assert target.statistics.retransmits == 1


def test_every_chunk_lost_once_and_the_answer_to_the_question_too() -> None:
    fake = FakeTarget(meddle_in=lose(3, Kind.CLIP_CHUNK), meddle_out=lose(1, Kind.ACK))
    target = connect(fake)
    target.greet(IDENTITY)
    target.infer(make_pcm())
    assert target.statistics.retransmits == 3


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_lost_results_are_asked_for(lost: int) -> None:
    fake = FakeTarget(meddle_out=lose(lost, Kind.RESULT))
    target = connect(fake)
    target.greet(IDENTITY)
    clips = [make_pcm(seed) for seed in range(6)]
    assert [result.pcm_crc for result in target.stream(clips)] == crcs(clips)
    assert fake.inferred == 6
    assert Kind.POLL in [frame.type for frame in fake.heard]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 30), st.floats(0, 0.3), st.floats(0, 0.3), st.floats(0, 0.02))
def test_no_clip_is_skipped_or_counted_twice(seed: int, loss: float, double: float, reset: float) -> None:
    """Frames lost and doubled either way, and resets, in any order: every clip once, in order, with its own sound."""
    dice = random.Random(seed)

    def meddle(frame: Frame) -> list[Frame]:
        throw = dice.random()
        return [] if throw < loss else [frame, frame] if throw < loss + double else [frame]

    fake = FakeTarget(meddle_out=meddle)

    def meddle_in(frame: Frame) -> list[Frame]:
        if dice.random() < reset:
            fake.reset()
        return meddle(frame)

    fake.meddle_in = meddle_in
    target = connect(fake)
    target.patience = dataclasses.replace(FAST, repetitions=1000, attempts=1000)
    target.greet(IDENTITY)
    clips = [make_pcm(seed) for seed in range(8)]
    assert [result.pcm_crc for result in target.stream(clips)] == crcs(clips)


def test_a_target_that_was_reset_must_prove_its_identity_again() -> None:
    fake = FakeTarget()
    target = connect(fake)
    target.greet(IDENTITY)
    target.infer(make_pcm())
    fake.reset()
    assert target.infer(make_pcm(2)).pcm_crc == crcs([make_pcm(2)])[0]
    assert target.statistics.resets == 1
    fake.identity = Identity("00" * 20, IDENTITY.model_hash)
    fake.reset()
    with pytest.raises(StaleFirmware):
        target.infer(make_pcm(3))


def test_another_chip_after_a_reset_is_told() -> None:
    fake = FakeTarget()
    target = connect(fake)
    assert target.greet(IDENTITY).chip == "part 01"
    target.infer(make_pcm())
    fake.chip = b"part 02"
    fake.reset()
    with pytest.raises(LastingFault, match="chip part 02 answers, where chip part 01 did before"):
        target.infer(make_pcm(2))


def test_a_target_that_resets_at_every_clip_is_given_up() -> None:
    fake = FakeTarget()

    def reset_at_chunk(frame: Frame) -> list[Frame]:
        if frame.type == Kind.CLIP_CHUNK and frame.payload[12] == 2:
            fake.reset()
        return [frame]

    fake.meddle_in = reset_at_chunk
    target = connect(fake)
    target.greet(IDENTITY)
    with pytest.raises(TargetFault, match="was reset"):
        target.infer(make_pcm())


def test_a_link_that_breaks_is_opened_again() -> None:
    fake = FakeTarget()
    target = connect(fake)
    target.greet(IDENTITY)
    broken, tries = target.link, []

    def write(data: bytes) -> None:
        raise BenchFault("the stream to the target broke")

    def reopen() -> FakeLink:
        tries.append(1)
        if len(tries) < 3:
            raise BenchFault("the port can't be opened")
        return FakeLink(fake)

    clips = [make_pcm(seed) for seed in range(6)]
    results = target.stream(clips)
    received = [next(results)]
    broken.write = write  # type: ignore[method-assign]
    target.reopen = reopen
    target.patience = dataclasses.replace(FAST, reconnect_seconds=10)
    received += results
    assert [result.pcm_crc for result in received] == crcs(clips)
    assert (len(tries), target.statistics.reconnects) == (3, 1)
    assert broken.closed  # type: ignore[attr-defined]


def test_a_link_that_stays_away_is_the_end() -> None:
    target = connect(FakeTarget())
    target.greet(IDENTITY)

    def reopen() -> FakeLink:
        raise BenchFault("the port can't be opened")

    def read(timeout: float) -> bytes:
        raise BenchFault("the stream to the target broke")

    target.link.read = read  # type: ignore[method-assign]
    with pytest.raises(BenchFault, match="broke"):
        target.infer(make_pcm())
    target.reopen = reopen
    with pytest.raises(BenchFault, match="can't be opened"):
        target.infer(make_pcm())


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
            return [Frame(frame.type, frame.payload[:15] + bytes([frame.payload[15] ^ 1]) + frame.payload[16:])]
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


def test_hello_to_another_session_is_not_taken() -> None:
    """An answer from before the reset, say."""

    def old_first(frame: Frame) -> list[Frame]:
        old = Frame(frame.type, bytes(4) + frame.payload[4:-12] + b"past\0part 01")
        return [old, frame] if frame.type == Kind.HELLO else [frame]

    assert connect(FakeTarget(meddle_out=old_first)).greet(IDENTITY).board == "fake"


def test_another_protocol_version() -> None:
    with pytest.raises(TargetFault, match="speaks protocol 3, not 2"):
        connect(FakeTarget(version=3)).greet(IDENTITY)


def test_silence_ends_after_the_agreed_repetitions() -> None:
    fake = FakeTarget(meddle_out=lambda frame: [])
    with pytest.raises(TargetFault, match="no answer") as caught:
        connect(fake).greet(IDENTITY)
    assert FAST.repetitions <= len(fake.heard) <= FAST.repetitions + 3
    assert "doctor" in caught.value.hint


def test_a_chunk_that_never_arrives_is_named() -> None:
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


def test_close_closes_the_link() -> None:
    target = connect(FakeTarget())
    target.close()
    assert target.link.closed  # type: ignore[attr-defined]


def test_cfsr_bits_by_name() -> None:
    assert decode_cfsr(1 << 20) == "STKOF"
    assert decode_cfsr(1 << 15 | 1 << 9) == "PRECISERR BFARVALID"
    assert decode_cfsr(0) == "no fault bits"
