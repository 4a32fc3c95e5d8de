"""The host's end of the protocol as state machines: any order of losses, resets, forgeries and answers."""

from __future__ import annotations

import dataclasses
import struct
import zlib
from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from played_target import CREDIT, FAST, IDENTITY, LAYERS, RESULTS, FakeTarget, connect, make_pcm
from proofboard_harness.errors import TargetFault
from proofboard_harness.frames import Frame, encode_frame
from proofboard_harness.messages import Ack, Kind
from proofboard_harness.target import Target
from proofboard_harness.window import Place, SendWindow

CHUNKS = 5
SETTINGS = settings(max_examples=40, stateful_step_count=40, deadline=None)


class WindowMachine(RuleBasedStateMachine):
    """`SendWindow` and a target that is a few sets, with a wire in between that loses from either end."""

    def __init__(self) -> None:
        super().__init__()
        self.window = SendWindow(CREDIT)
        self.there: deque[tuple[int, Place]] = deque()
        self.back: deque[Ack] = deque()
        self.added, self.finished, self.packet, self.clip = 0, 0, 0, 0
        self.held: set[int] = set()
        self.highest = 0

    @precondition(lambda self: self.added - self.finished < RESULTS)
    @rule()
    def add_a_clip(self) -> None:
        self.window.add(self.added, [bytes([self.added % 256, chunk]) for chunk in range(CHUNKS)])
        self.added += 1

    @rule(count=st.integers(1, CREDIT))
    def send(self, count: int) -> None:
        for _ in range(count):
            room = self.window.room
            taken = self.window.take()
            if taken is None:
                assert not room or not self.window.queued
                return
            packet, place, code = taken
            assert self.highest < packet <= self.window.granted
            assert self.finished <= place.clip < self.added
            assert code == bytes([place.clip % 256, place.chunk])
            self.highest = packet
            self.there.append((packet, place))

    @precondition(lambda self: self.there)
    @rule()
    def a_chunk_is_lost(self) -> None:
        self.there.popleft()

    @precondition(lambda self: self.there)
    @rule()
    def a_chunk_arrives(self) -> None:
        self.packet, place = self.there.popleft()
        if place.clip == self.clip:
            self.held.add(place.chunk)
            if len(self.held) == CHUNKS:
                self.clip, self.held = self.clip + 1, set()

    @rule()
    def the_host_asks(self) -> None:
        """A poll that arrives behind all chunks: what was on the wire is lost."""
        self.there.clear()
        self.packet = self.highest = self.window.number()

    @rule()
    def the_target_acknowledges(self) -> None:
        received = sum(1 << chunk for chunk in self.held)
        self.back.append(Ack(1, self.packet, self.packet + CREDIT, self.clip, received, 0))

    @precondition(lambda self: self.back)
    @rule()
    def an_ack_is_lost(self) -> None:
        self.back.popleft()

    @precondition(lambda self: self.back)
    @rule()
    def an_ack_arrives(self) -> None:
        self.window.acknowledge(self.back.popleft())

    @precondition(lambda self: self.finished < self.clip)
    @rule()
    def a_result_arrives(self) -> None:
        self.window.finish(self.finished)
        self.finished += 1

    @invariant()
    def no_more_is_under_way_than_granted(self) -> None:
        assert self.window.in_flight <= CREDIT
        assert self.window.granted <= self.packet + CREDIT

    def teardown(self) -> None:
        """Without losses every clip gets there, each chunk that is missing going once more at most."""
        self.back.clear()
        for _ in range(4 * (self.added - self.clip) + 4):
            self.the_host_asks()
            self.the_target_acknowledges()
            self.an_ack_arrives()
            self.send(CREDIT)
            while self.there:
                self.a_chunk_arrives()
        assert self.clip == self.added


class TargetMachine(RuleBasedStateMachine):
    """`Target` with a played one that loses, resets, and says what no firmware would say."""

    def __init__(self) -> None:
        super().__init__()
        self.fake = FakeTarget(meddle_in=self._on_the_way_in, meddle_out=self._on_the_way_out)
        self.lose_in, self.lose_out = 0, 0
        self.forged = False
        self.seed = 0
        self.target: Target = connect(self.fake)
        self.target.patience = dataclasses.replace(
            FAST, first_seconds=0.001, answer_seconds=0.002, repetitions=50, attempts=50, fruitless_seconds=0.2
        )

    def _on_the_way_in(self, frame: Frame) -> list[Frame]:
        self.lose_in -= 1
        return [] if self.lose_in >= 0 else [frame]

    def _on_the_way_out(self, frame: Frame) -> list[Frame]:
        self.lose_out -= 1
        return [] if self.lose_out >= 0 else [frame]

    @initialize()
    def greet(self) -> None:
        self.target.greet(IDENTITY)

    @rule(count=st.integers(1, 8))
    def frames_to_the_target_get_lost(self, count: int) -> None:
        self.lose_in = count

    @rule(count=st.integers(1, 8))
    def frames_to_the_host_get_lost(self, count: int) -> None:
        self.lose_out = count

    @rule()
    def the_target_is_reset(self) -> None:
        self.fake.reset()

    @rule(session=st.integers(1, 0xFFFFFFFF))
    def an_old_greeting_comes_again(self, session: int) -> None:
        self.fake.begin(session)

    @rule(noise=st.binary(max_size=60))
    def noise_reaches_the_host(self, noise: bytes) -> None:
        self.fake.outbox += noise

    @rule(kind=st.sampled_from([*Kind, 0x00, 0x7F, 0xFF]), payload=st.binary(max_size=80), own=st.booleans())
    def a_forged_frame_reaches_the_host(self, kind: int, payload: bytes, own: bool) -> None:
        session = struct.pack("<I", self.fake.session) if own else b""
        self.fake.outbox += encode_frame(kind, session + payload)
        self.forged = True

    @rule(clip=st.integers(0, 8) | st.integers(0, 0xFFFFFFFF), logits=st.integers(1, 3), crcs=st.integers(0, 5))
    def a_forged_result_reaches_the_host(self, clip: int, logits: int, crcs: int) -> None:
        head = struct.pack("<8IBB", self.fake.session, clip, 0xDEADBEEF, 0, 1, 1, 1, 0, logits, crcs)
        self.fake.outbox += encode_frame(Kind.RESULT, head + bytes(4 * (logits + crcs)))
        self.forged = True

    @rule(packet=st.integers(0, 0xFFFFFFFF), clip=st.integers(0, 9), received=st.integers(0, 7))
    def a_forged_ack_reaches_the_host(self, packet: int, clip: int, received: int) -> None:
        granted = min(packet + CREDIT, 0xFFFFFFFF)
        head = struct.pack("<9I", self.fake.session, packet, granted, clip, received, 0, 0, 0, 0)
        self.fake.outbox += encode_frame(Kind.ACK, head)
        self.forged = True

    @rule(count=st.integers(1, 6))
    def clips_go_over(self, count: int) -> None:
        clips = [make_pcm(self.seed + index) for index in range(count)]
        self.seed += count
        results = []
        try:
            results += self.target.stream(clips)
        except TargetFault:
            assert self.forged  # nothing but a lie of the target is an error
            self.fake.outbox.clear()
            self.lose_in = self.lose_out = 0
            patience, self.target = self.target.patience, connect(self.fake)
            self.target.patience = patience
            self.target.greet(IDENTITY)
        else:
            assert len(results) == count
        self.forged = False
        # What is reported is what the target said of this very sound.
        for clip, result in zip(clips, results, strict=False):
            assert result.pcm_crc == zlib.crc32(clip.tobytes())
            assert (result.words, len(result.layer_crcs)) == ((-5, 6), LAYERS + 1)


WindowMachine.TestCase.settings = SETTINGS
TargetMachine.TestCase.settings = SETTINGS
TestWindow = pytest.mark.filterwarnings("default")(WindowMachine.TestCase)
TestTarget = pytest.mark.filterwarnings("default")(TargetMachine.TestCase)
