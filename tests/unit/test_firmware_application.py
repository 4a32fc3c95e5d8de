"""The firmware's own main.c, compiled here with the sanitisers, in conversation with the host's `Target`."""

from __future__ import annotations

import select
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import SANITISERS, Compile
from firmware_example import WINDOW, emit_small_product, firmware_sources
from proofboard_harness import messages, pcm_code
from proofboard_harness.build import firmware_folder
from proofboard_harness.errors import StaleFirmware
from proofboard_harness.frames import FrameReader, encode_frame
from proofboard_harness.messages import Ack, Kind
from proofboard_harness.oracle import Outputs, is_exact
from proofboard_harness.target import Identity, Patience, Target
from proofboard_host.frontend import reference as frontend
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.frontend.specification import FrontendSpec
from proofboard_host.graph import reference
from proofboard_host.graph.graph import Graph

PATIENCE = Patience(first_seconds=0.1, answer_seconds=0.5, repetitions=6, poll_seconds=0.05)
BUILD_ID = "ab" + "00" * 18 + "cd"


@dataclass(frozen=True)
class Firmware:
    """A program that speaks the protocol on its standard input and output, and what it was made from."""

    program: Path
    graph: Graph
    specification: FrontendSpec

    @property
    def identity(self) -> Identity:
        return Identity(BUILD_ID, self.graph.digest[:32])


@dataclass
class PipeLink:
    """A running firmware; `lose` names the indices of writes that get lost."""

    process: subprocess.Popen[bytes]
    lose: frozenset[int] = frozenset()
    writes: int = 0
    busy_seconds: float = 0.0

    def write(self, data: bytes) -> None:
        self.writes += 1
        if self.writes - 1 not in self.lose:
            assert self.process.stdin is not None
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def read(self, timeout: float) -> bytes:
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        return self.process.stdout.read1(1 << 16) if ready else b""  # type: ignore[attr-defined]

    def close(self) -> None:
        """The firmware ends with its input; the sanitisers' verdict is its exit code."""
        _, complaint = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, complaint.decode()


@pytest.fixture(scope="module")
def firmware(compile_c: Compile, tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    folder = tmp_path_factory.mktemp("application")
    product = emit_small_product(folder)
    sources = [*firmware_sources("stack.c"), *product.sources]
    driver = Path(__file__).parent / "c" / "application_driver.c"
    streams = firmware_folder() / "host" / "pipe_streams.c"
    program = compile_c("application", [driver, streams, *sources], [*SANITISERS, f"-I{folder}"])
    return Firmware(program, product.graph, product.specification)


@pytest.fixture
def link(firmware: Firmware) -> Iterator[PipeLink]:
    pipe = subprocess.PIPE
    link = PipeLink(subprocess.Popen([firmware.program], stdin=pipe, stdout=pipe, stderr=pipe))
    yield link
    link.close()


def connect(link: PipeLink, firmware: Firmware) -> Target:
    target = Target(link, lambda: None, hex, PATIENCE)
    target.greet(firmware.identity)
    return target


def receive(link: PipeLink, count: int) -> list[messages.Message | None]:
    """The next messages from the firmware."""
    reader, frames = FrameReader(), []
    while len(frames) < count:
        data = link.read(5)
        assert data, "no answer"
        frames += reader.feed(data)
    return [messages.parse(frame.type, frame.payload) for frame in frames]


def begin(link: PipeLink, session: int = 5) -> None:
    """A session without a `Target`."""
    link.write(encode_frame(Kind.HELLO_REQUEST, messages.hello_request(session)))
    first, second = receive(link, 2)
    assert isinstance(first, messages.Hello)
    assert isinstance(second, messages.Hello)
    assert (first.session, second.session) == (0, session)


def poll(link: PipeLink, packet: int, session: int = 5, clip: int = 0) -> None:
    link.write(encode_frame(Kind.POLL, messages.poll(session, packet, clip)))


def expected(firmware: Firmware, pcm: np.ndarray) -> Outputs:
    features = frontend.run(firmware.specification, pcm).reshape(len(pcm), -1)
    trace = reference.run(firmware.graph, features)
    return Outputs(features, reference.words(trace.logits), trace.logits.argmax(axis=1), trace.layers)


def test_hello(link: PipeLink, firmware: Firmware) -> None:
    target = Target(link, lambda: None, hex, PATIENCE)
    hello = target.greet(firmware.identity)
    assert (hello.board, hello.chip, hello.counter, hello.clock_hz) == ("pipe", "pipe 0123", 1, 1_000_000)
    assert (hello.window, hello.chunk_samples, hello.results) == (WINDOW, 320, 4)
    assert (hello.layers, hello.logits) == (len(firmware.graph.operators), firmware.graph.output.size)
    assert hello.logit_kind is messages.LogitKind.FLOAT32
    with pytest.raises(StaleFirmware):
        target.greet(Identity("00" * 20, firmware.identity.model_hash))


def test_every_answer_is_the_reference(link: PipeLink, firmware: Firmware) -> None:
    target = connect(link, firmware)
    pcm = adversarial_clips(24, WINDOW, seed=5)
    outputs = expected(firmware, pcm)
    for row, clip in enumerate(pcm):
        result = target.infer(clip)
        assert is_exact(outputs, row, result), row
        assert (result.frontend_ticks, result.network_ticks, result.stack_high_water) == (1000, 1000, 321)
    assert target.statistics.retransmits == 0
    for layer, tensor in enumerate(outputs.tensors(len(pcm) - 1)):
        assert target.dump(layer) == tensor.tobytes()


def test_nothing_to_dump_before_the_first_clip(link: PipeLink) -> None:
    begin(link)
    link.write(encode_frame(Kind.DUMP_REQUEST, messages.dump_request(5, 0xFFFFFFFF, 0)))
    link.write(encode_frame(Kind.DUMP_REQUEST, messages.dump_request(5, 0, 0)))
    assert receive(link, 2) == [Ack(5, 0, 1, 0, 0, 0)] * 2


@pytest.mark.parametrize("session", [0, 6])
def test_who_is_not_of_this_session_gets_its_number_and_nothing_else(link: PipeLink, session: int) -> None:
    begin(link)
    code = pcm_code.encode(np.ones(320, np.int16))
    link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(session, 9, 0, 0, 0, code)))
    assert receive(link, 1) == [Ack(5, 0, 1, 0, 0, 0)]


def test_the_same_greeting_twice_forgets_nothing(link: PipeLink) -> None:
    begin(link)
    code = pcm_code.encode(np.ones(320, np.int16))
    link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(5, 1, 0, 2, 0, code)))
    link.write(encode_frame(Kind.HELLO_REQUEST, messages.hello_request(5)))
    poll(link, 2)
    ack, hello, after = receive(link, 3)
    assert (ack, after) == (Ack(5, 1, 2, 0, 4, 0), Ack(5, 2, 3, 0, 4, 0))
    assert isinstance(hello, messages.Hello)
    link.write(encode_frame(Kind.HELLO_REQUEST, messages.hello_request(6)))
    poll(link, 1, session=6)
    assert receive(link, 2)[1] == Ack(6, 1, 2, 0, 0, 0)


def test_without_trace_there_are_no_crcs(link: PipeLink, firmware: Firmware) -> None:
    target = connect(link, firmware)
    pcm = adversarial_clips(2, WINDOW, seed=6)
    result = target.infer(pcm[1], flags=0)
    assert result.layer_crcs == ()
    assert result.words == tuple(expected(firmware, pcm).words[1])


@pytest.mark.parametrize("lost", [{1}, {3}, {1, 2, 3, 4, 5}, {5, 6, 7}])
def test_lost_chunks_and_questions(link: PipeLink, firmware: Firmware, lost: set[int]) -> None:
    target = connect(link, firmware)
    link.lose = frozenset(lost)  # write 0 was hello; then chunks, and questions after silences
    pcm = adversarial_clips(3, WINDOW, seed=7)
    outputs = expected(firmware, pcm)
    for row, result in enumerate(target.stream(pcm)):
        assert is_exact(outputs, row, result)
    assert target.statistics.polls >= 1


def test_results_that_were_lost_are_sent_again_and_not_inferred_again(link: PipeLink, firmware: Firmware) -> None:
    target = connect(link, firmware)
    results = list(target.stream(adversarial_clips(6, WINDOW, seed=10)))
    session = results[0].session
    link.write(encode_frame(Kind.POLL, messages.poll(session, 10_000, 0)))
    again = receive(link, 5)
    assert again[:4] == results[2:]
    assert isinstance(again[4], Ack)


def test_no_chunk_is_written_outside_the_clip(link: PipeLink) -> None:
    """Every index around the ends with every number of samples around the right one: only two of them are chunks."""
    begin(link)
    noise = np.random.default_rng(1).integers(-32768, 32768, 322).astype(np.int16)
    accepted = []
    cases = [
        (chunk, samples) for chunk in (1, 4, 5, 6, 63, 127, 128, 255) for samples in (1, 18, 20, 22, 300, 320, 322)
    ]
    packet, before = 0, 0
    for chunk, samples in cases:
        code = pcm_code.encode(noise[:samples])
        link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(5, packet + 1, 0, chunk, 0, code)))
        poll(link, packet + 2)
        packet += 2
        ack = receive(link, 2)[1]
        assert isinstance(ack, Ack)
        accepted += [(chunk, samples)] if ack.received != before else []
        before = ack.received
    assert accepted == [(1, 320), (4, 20)]
    assert before == 1 << 1 | 1 << 4


def test_a_broken_code_is_no_chunk_and_does_not_spoil_one(link: PipeLink) -> None:
    begin(link)
    code = pcm_code.encode(np.random.default_rng(2).integers(-99, 99, 320).astype(np.int16))
    for packet, sent in enumerate((code[:-1], code, code[:-1]), 1):
        link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(5, packet, 0, 0, 0, sent)))
    assert [ack.received for ack in receive(link, 3) if isinstance(ack, Ack)] == [0, 1, 1]


def test_a_packet_number_far_ahead_is_not_noted(link: PipeLink) -> None:
    """Else one frame could use up the numbers, and with them the credit."""
    begin(link)
    for packet, noted in ((0xFFFFFFFF, 0), (65537, 0), (65536, 65536), (131073, 65536), (65537, 65537)):
        poll(link, packet)
        assert receive(link, 1) == [Ack(5, noted, noted + 1, 0, 0, 0)]


def test_a_clip_before_its_turn_is_not_taken(link: PipeLink) -> None:
    begin(link)
    code = pcm_code.encode(np.ones(320, np.int16))
    link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(5, 1, 1, 0, 0, code)))
    assert receive(link, 1) == [Ack(5, 1, 2, 0, 0, 0)]


def test_echo_and_a_board_of_one_rate(link: PipeLink) -> None:
    begin(link)
    link.write(encode_frame(Kind.ECHO_REQUEST, messages.echo_request(5, bytes(range(256)))))
    link.write(encode_frame(Kind.BAUD_REQUEST, messages.baud_request(5, 921600)))
    assert receive(link, 2) == [messages.Echo(5, bytes(range(256))), messages.Baud(5, 0)]


def hostile_payload(rng: np.random.Generator) -> bytes:
    """Right CRC, wrong everything else: indices past the end, lengths that don't fit."""
    number = rng.choice(np.array([0, 1, 2, 3, 64, 0xFFFF, 0xFFFFFFFF, 0x80000000], np.uint64))
    session = int(rng.choice(np.array([0, 5, 0xFFFFFFFF], np.uint64)))
    clip, chunk, flags = int(number), int(rng.choice([0, 1, 2, 3, 63, 127, 128, 255])), int(rng.integers(256))
    size = int(rng.choice([0, 1, 2, 40, 41, 42, 640, 641, 642, 650]))
    payloads = [
        struct.pack("<IIIBB", session, int(rng.integers(1 << 32)), clip, chunk, flags) + rng.bytes(size),
        struct.pack("<III", session, clip, int(rng.choice([0, 3, 17, 0xFFFFFFFF]))),
        struct.pack("<II", session, clip),
        struct.pack("<III", session, clip, clip),
        struct.pack("<I", session),
        rng.bytes(int(rng.integers(0, 40))),
    ]
    return payloads[int(rng.integers(len(payloads)))]


def test_hostile_frames_do_no_harm(link: PipeLink, firmware: Firmware) -> None:
    rng = np.random.default_rng(8)
    begin(link)
    for _ in range(600):
        kind = int(rng.choice([*Kind, 0, 0x7F, 0xFF]))
        link.write(encode_frame(kind, hostile_payload(rng)))
        link.write(rng.bytes(int(rng.integers(0, 30))))
        link.read(0)  # nobody waits for the answers, but the pipe must not fill up
    link.write(b"\0")
    pcm = adversarial_clips(3, WINDOW, seed=9)
    outputs = expected(firmware, pcm)
    for row, result in enumerate(connect(link, firmware).stream(pcm)):
        assert is_exact(outputs, row, result)
