"""The firmware's own main.c, compiled here with the sanitisers, in conversation with the host's `Target`."""

from __future__ import annotations

import dataclasses
import select
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from graph_example import mixed_graph
from proofboard_harness import messages, pcm_code
from proofboard_harness.build import firmware_folder
from proofboard_harness.errors import StaleFirmware
from proofboard_harness.frames import FrameReader, encode_frame
from proofboard_harness.messages import Kind, Status
from proofboard_harness.oracle import Outputs, is_exact
from proofboard_harness.target import Identity, Patience, Target
from proofboard_host.application import AudioSection, FrontendSection, load_application
from proofboard_host.frontend import reference as frontend
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.graph import reference
from proofboard_host.graph.emit import emit_network, emit_sizes
from proofboard_host.graph.graph import Graph

WINDOW = 1300  # three chunks, the last one short
PATIENCE = Patience(answer_seconds=0.5, repetitions=6, poll_seconds=0.05)
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
def firmware(
    compile_sanitised: Callable[[str, Sequence[Path]], Path], tmp_path_factory: pytest.TempPathFactory
) -> Firmware:
    application = dataclasses.replace(
        load_application("scream"), audio=AudioSection(16000, WINDOW), frontend=FrontendSection(256, 200, 7, 60, 7600)
    )
    graph, specification = mixed_graph(3, application.features), build_specification(application)
    folder = tmp_path_factory.mktemp("application")
    (folder / "generated_sizes.h").write_text(emit_sizes(graph, window=WINDOW))
    (folder / "generated_network.c").write_text(emit_network(graph, window=WINDOW))
    (folder / "generated_frontend.c").write_text(emit_c(specification))
    # The header is found beside a source of the same folder.
    (folder / "main.c").write_text((firmware_folder() / "src" / "main.c").read_text())
    sources = [path for path in (firmware_folder() / "src").glob("*.c") if path.name not in ("main.c", "stack.c")]
    driver = Path(__file__).parent / "c" / "application_driver.c"
    return Firmware(
        compile_sanitised("application", [driver, *sources, *sorted(folder.glob("*.c"))]), graph, specification
    )


@pytest.fixture
def link(firmware: Firmware) -> Iterator[PipeLink]:
    pipe = subprocess.PIPE
    link = PipeLink(subprocess.Popen([firmware.program], stdin=pipe, stdout=pipe, stderr=pipe))
    yield link
    link.close()


def connect(link: PipeLink, firmware: Firmware) -> Target:
    target = Target([link], lambda: None, hex, PATIENCE)
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


def expected(firmware: Firmware, pcm: np.ndarray) -> Outputs:
    features = frontend.run(firmware.specification, pcm).reshape(len(pcm), -1)
    trace = reference.run(firmware.graph, features)
    return Outputs(features, reference.words(trace.logits), trace.logits.argmax(axis=1), trace.layers)


def test_hello(link: PipeLink, firmware: Firmware) -> None:
    target = Target([link], lambda: None, hex, PATIENCE)
    hello = target.greet(firmware.identity)
    assert (hello.board, hello.counter, hello.clock_hz) == ("pipe", 1, 1_000_000)
    assert (hello.window, hello.chunk_samples, hello.lanes) == (WINDOW, 500, 1)
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


def test_nothing_to_dump_before_the_first_clip(link: PipeLink, firmware: Firmware) -> None:
    connect(link, firmware)
    no_clip = 0xFFFFFFFF
    link.write(encode_frame(Kind.DUMP_REQUEST, messages.dump_request(no_clip, 0)))
    link.write(encode_frame(Kind.STATUS_REQUEST, messages.word(no_clip)))
    assert receive(link, 2) == [Status(no_clip, 0, 0)] * 2


def test_without_trace_there_are_no_crcs(link: PipeLink, firmware: Firmware) -> None:
    target = connect(link, firmware)
    pcm = adversarial_clips(2, WINDOW, seed=6)
    result = target.infer(pcm[1], flags=0)
    assert result.layer_crcs == ()
    assert result.words == tuple(expected(firmware, pcm).words[1])


@pytest.mark.parametrize("lost", [{1}, {3}, {1, 2, 3}, {2, 4}])
def test_lost_chunks_and_questions(link: PipeLink, firmware: Firmware, lost: set[int]) -> None:
    target = connect(link, firmware)
    link.lose = frozenset(lost)  # write 0 was hello; 1 to 3 are the chunks, 4 the question after a silence
    pcm = adversarial_clips(3, WINDOW, seed=7)
    assert is_exact(expected(firmware, pcm), 2, target.infer(pcm[2]))
    assert target.statistics.retransmits == len(lost & {1, 2, 3})


def test_late_copy_is_answered_at_once_and_not_inferred_again(link: PipeLink, firmware: Firmware) -> None:
    target = connect(link, firmware)
    pcm = adversarial_clips(3, WINDOW, seed=10)
    result = target.infer(pcm[2])
    other_samples = bytes(1000)
    link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(result.clip, 0, 0, other_samples)))
    assert receive(link, 1) == [result]


def test_no_chunk_is_written_outside_the_clip(link: PipeLink, firmware: Firmware) -> None:
    """Every index around the ends with every number of samples around the right one: only two of them are chunks."""
    target = connect(link, firmware)
    noise = np.random.default_rng(1).integers(-32768, 32768, 502).astype(np.int16)
    accepted = []
    cases = [
        (chunk, samples) for chunk in (1, 2, 3, 4, 63, 64, 65, 0xFFFF) for samples in (1, 280, 300, 320, 480, 500, 502)
    ]
    for clip, (chunk, samples) in enumerate(cases):
        code = pcm_code.encode(noise[:samples])
        link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(clip, chunk, 0, code)))
        link.write(encode_frame(Kind.STATUS_REQUEST, messages.word(clip)))
        (status,) = receive(link, 1)
        assert isinstance(status, Status)
        accepted += [(chunk, samples)] if status.received else []
    assert accepted == [(1, 500), (2, 300)]
    assert target.infer(adversarial_clips(1, WINDOW, seed=1)[0]).bad_frames == 0


def test_a_spoilt_chunk_no_longer_counts(link: PipeLink, firmware: Firmware) -> None:
    """A code that breaks off has overwritten what was there: the chunk is asked for again."""
    connect(link, firmware)
    code = pcm_code.encode(np.random.default_rng(2).integers(-99, 99, 500).astype(np.int16))
    for sent in (code, code[:-1]):
        link.write(encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(9, 0, 0, sent)))
        link.write(encode_frame(Kind.STATUS_REQUEST, messages.word(9)))
    assert receive(link, 2) == [Status(9, 1, 0), Status(9, 0, 0)]


def hostile_payload(rng: np.random.Generator) -> bytes:
    """Right CRC, wrong everything else: indices past the end, lengths that don't fit."""
    number = rng.choice(np.array([0, 1, 2, 3, 64, 0xFFFF, 0xFFFFFFFF, 0x80000000], np.uint64))
    clip, chunk, flags = int(number), int(rng.choice([0, 1, 2, 3, 63, 0xFFFF])), int(rng.integers(0x10000))
    size = int(rng.choice([0, 1, 2, 599, 600, 601, 999, 1000, 1001, 1023]))
    payloads = [
        struct.pack("<IHH", clip, chunk, flags) + rng.bytes(size),
        struct.pack("<II", clip, int(rng.choice([0, 3, 17, 0xFFFFFFFF]))),
        struct.pack("<I", clip),
        rng.bytes(int(rng.integers(0, 40))),
    ]
    return payloads[int(rng.integers(len(payloads)))]


def test_hostile_frames_do_no_harm(link: PipeLink, firmware: Firmware) -> None:
    rng = np.random.default_rng(8)
    target = connect(link, firmware)
    pcm = adversarial_clips(3, WINDOW, seed=9)
    outputs = expected(firmware, pcm)
    for _ in range(600):
        kind = int(rng.choice([*Kind, 0, 0x7F, 0xFF]))
        link.write(encode_frame(kind, hostile_payload(rng)))
        link.write(rng.bytes(int(rng.integers(0, 30))))
        link.read(0)  # nobody waits for the answers, but the pipe must not fill up
    link.write(b"\0")
    for row, clip in enumerate(pcm):
        assert is_exact(outputs, row, target.infer(clip))
