"""A target that lies, or talks without end: every wait ends, and nothing it did not say for this sound is counted."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

import pytest
from played_target import FAST, IDENTITY, LAYERS, FakeLink, FakeTarget, connect, make_pcm
from proofboard_harness.errors import TargetFault
from proofboard_harness.frames import Frame, encode_frame
from proofboard_harness.messages import Kind
from proofboard_harness.target import Target

BRIEF = dataclasses.replace(FAST, fruitless_seconds=0.1)


def greeted(fake: FakeTarget) -> Target:
    target = connect(fake)
    target.patience = BRIEF
    target.greet(IDENTITY)
    return target


def instead_of_results(make: Callable[[Frame], Frame | None]) -> Callable[[Frame], list[Frame]]:
    def meddle(frame: Frame) -> list[Frame]:
        made = make(frame) if frame.type == Kind.RESULT else frame
        return [] if made is None else [made]

    return meddle


def result(session: bytes, clip: int, logits: int, crcs: int) -> Frame:
    head = session + struct.pack("<7IBB", clip, 0, 0, 1, 1, 1, 0, logits, crcs)
    return Frame(Kind.RESULT, head + bytes(4 * (logits + crcs)))


def test_a_target_that_acknowledges_and_never_answers_is_given_up() -> None:
    """Every poll brings an ACK, so there is no silence."""
    fake = FakeTarget(meddle_out=instead_of_results(lambda frame: None))
    with pytest.raises(TargetFault, match="gets no further"):
        greeted(fake).infer(make_pcm())


def test_a_target_that_talks_without_end_is_given_up() -> None:
    fake = FakeTarget(meddle_out=instead_of_results(lambda frame: None))
    target = greeted(fake)

    class Chatter(FakeLink):
        def read(self, timeout: float) -> bytes:
            log = encode_frame(Kind.ECHO, struct.pack("<I", fake.session) + b"chatter")
            return super().read(timeout) + log

    target._talk.link = Chatter(fake)
    with pytest.raises(TargetFault, match="gets no further"):
        target.infer(make_pcm())


def test_acknowledged_chunks_that_come_and_go_are_no_progress() -> None:
    """What is held only ever grows within a session."""
    fake = FakeTarget()
    turn = [0]

    def flicker(frame: Frame) -> list[Frame]:
        if frame.type == Kind.RESULT:
            return []
        if frame.type == Kind.ACK:
            turn[0] += 1
            numbers = list(struct.unpack("<9I", frame.payload))
            numbers[3:5] = [0, turn[0] % 2]
            return [Frame(frame.type, struct.pack("<9I", *numbers))]
        return [frame]

    fake.meddle_out = flicker
    with pytest.raises(TargetFault, match=r"gets no further|not one arrived"):
        greeted(fake).infer(make_pcm())


def test_a_dump_that_is_only_acknowledged_is_given_up() -> None:
    fake = FakeTarget(
        meddle_out=lambda frame: [
            Frame(Kind.ACK, frame.payload[:4] + bytes(32)) if frame.type == Kind.DUMP else frame  # of another clip
        ]
    )
    target = greeted(fake)
    target.infer(make_pcm())
    with pytest.raises(TargetFault, match=r"no answer|gets no further"):
        target.dump(0)


def test_a_dump_of_two_sizes() -> None:
    def shrink(frame: Frame) -> list[Frame]:
        if frame.type == Kind.DUMP and frame.payload[12:16] == struct.pack("<I", 480):
            return [Frame(frame.type, frame.payload[:10] + struct.pack("<HI", 500, 480) + bytes(20))]
        return [frame]

    target = greeted(FakeTarget(meddle_out=shrink))
    target.infer(make_pcm())
    with pytest.raises(TargetFault, match="disagree about its size"):
        target.dump(0)


@pytest.mark.parametrize("clip", [4, 1000, 0xFFFFFFFF])
def test_a_result_of_a_clip_that_was_never_sent(clip: int) -> None:
    forge = instead_of_results(lambda frame: result(frame.payload[:4], clip, 2, LAYERS + 1))
    with pytest.raises(TargetFault, match="never sent"):
        greeted(FakeTarget(meddle_out=forge)).infer(make_pcm())


@pytest.mark.parametrize(("logits", "crcs"), [(1, LAYERS + 1), (3, LAYERS + 1), (2, 0), (2, LAYERS)])
def test_a_result_of_another_shape_than_hello_said(logits: int, crcs: int) -> None:
    forge = instead_of_results(lambda frame: result(frame.payload[:4], 0, logits, crcs))
    with pytest.raises(TargetFault, match=rf"{logits} logits and {crcs} CRCs"):
        greeted(FakeTarget(meddle_out=forge)).infer(make_pcm())


def test_a_result_for_other_sound() -> None:
    forge = instead_of_results(lambda frame: result(frame.payload[:4], 0, 2, LAYERS + 1))
    with pytest.raises(TargetFault, match="other samples"):
        greeted(FakeTarget(meddle_out=forge)).infer(make_pcm())


def test_a_target_in_another_session_is_greeted_anew() -> None:
    """An old greeting that comes once more, or another program."""
    fake = FakeTarget()
    target = greeted(fake)
    target.infer(make_pcm())
    fake.begin(77)
    target.infer(make_pcm(2))
    assert target.statistics.resets == 1
    assert fake.session not in (0, 77)


def test_acknowledged_numbers_at_their_end() -> None:
    """An ACK of the last packet number there is: its grant is no more than any other's."""
    fake = FakeTarget()
    target = greeted(fake)
    last = struct.pack("<9I", fake.session, 0xFFFFFFFF, 5, 0, 0, 0, 0, 0, 0)
    fake.outbox += encode_frame(Kind.ACK, last)
    assert target.infer(make_pcm()).clip == 0
