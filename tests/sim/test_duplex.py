"""1 Mbit/s both ways at once on the virtual RA6E1 while the network runs: every frame arrives, and arrives once.

Chunks of clips and requests for an echo go mixed, as many as the target allows and its ring holds, so that bytes come
in while it infers and while it sends. `PROOFBOARD_DUPLEX_FRAMES=10000` makes it longer than here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from built_example import Built
from graph_example import integer_graph
from numpy.typing import NDArray
from proofboard_harness import messages, pcm_code
from proofboard_harness.boards import load_board
from proofboard_harness.conversation import Conversation, LinkStatistics
from proofboard_harness.elf import Image
from proofboard_harness.link import open_serial
from proofboard_harness.messages import FLAG_TRACE, Ack, Echo, Hello, Kind, Message, Result
from proofboard_harness.oracle import is_exact
from proofboard_harness.probe.flasher import open_simulated_probe
from proofboard_harness.simulator.virtual_ra6e1.launch import VirtualBoard, run_virtual
from proofboard_harness.spec import BoardSpec, VirtualSpec, VirtualSpeed
from proofboard_harness.window import SendWindow

FRAMES = int(os.environ.get("PROOFBOARD_DUPLEX_FRAMES", "1000"))
CHUNKS_A_CLIP = 50
CLIPS = max(1, FRAMES // 150)
ECHOES = FRAMES - CLIPS * CHUNKS_A_CLIP
ECHO_BYTES = 32
ECHOES_IN_FLIGHT = 8
"""With all the credit in chunks, nearly as much as the ring holds."""
SILENCE_SECONDS = 20.0
SESSION = 77


@dataclass
class Duplex:
    """Sends all that it may; notes all that comes."""

    talk: Conversation
    window: SendWindow
    echoes: list[bytes] = field(default_factory=list)
    results: dict[int, Result] = field(default_factory=dict)
    bad_frames: int = 0
    busy_at_results: int = 0
    chunks_sent: int = 0
    echoes_sent: int = 0

    def run(self) -> None:
        """Until everything has come, or nothing does any more."""
        heard = time.monotonic()
        while len(self.echoes) < ECHOES or len(self.results) < CLIPS:
            self._send()
            for message in self.talk.receive(0.05):
                heard = time.monotonic()
                self._take(message)
            if time.monotonic() - heard > SILENCE_SECONDS:
                return

    @property
    def flying(self) -> int:
        """Requests whose echo is due."""
        return self.echoes_sent - len(self.echoes)

    def _send(self) -> None:
        more = True
        while more:
            more = self._send_chunk()
            if self.flying < ECHOES_IN_FLIGHT and self.echoes_sent < ECHOES:
                self.talk.send(Kind.ECHO_REQUEST, messages.echo_request(SESSION, echo_bytes(self.echoes_sent)))
                self.echoes_sent += 1
                more = True

    def _send_chunk(self) -> bool:
        ready = self.window.take()
        if ready is None:
            return False
        packet, place, code = ready
        chunk = messages.clip_chunk(SESSION, packet, place.clip, place.chunk, FLAG_TRACE, code)
        self.talk.send(Kind.CLIP_CHUNK, chunk)
        self.chunks_sent += 1
        return True

    def _take(self, message: Message) -> None:
        if isinstance(message, Echo):
            self.echoes.append(message.data)
        elif isinstance(message, Ack):
            self.window.acknowledge(message)
            self.bad_frames = message.bad_frames
        elif isinstance(message, Result):
            self.results[message.clip] = message
            self.busy_at_results += self.flying > 0


def noise(clips: int) -> NDArray[np.int16]:
    """Full-scale noise: no code makes it shorter, so that the line is as full as can be."""
    return np.random.default_rng(3).integers(-32768, 32768, (clips, 16000), dtype=np.int16)


def echo_bytes(index: int) -> bytes:
    return np.random.default_rng(index).bytes(ECHO_BYTES)


@pytest.fixture
def spec() -> BoardSpec:
    return dataclasses.replace(load_board("virtual-ra6e1"), simulator=VirtualSpec(VirtualSpeed.FAST))


@pytest.fixture
def chip(spec: BoardSpec) -> Iterator[VirtualBoard]:
    with run_virtual(spec) as board:
        yield board


@pytest.mark.slow
def test_nothing_is_lost_at_a_megabit(spec: BoardSpec, chip: VirtualBoard, tmp_path: Path) -> None:
    built = Built.make(integer_graph(7, 992, (128, 20, 2), name="compressed"), spec, tmp_path / "builds")
    pcm = noise(CLIPS)
    link = open_serial(chip.endpoints.serial_urls[0], spec.link.baud)
    probe = open_simulated_probe(spec, *chip.endpoints.gdb, chip.check_alive)
    with contextlib.closing(link), contextlib.closing(probe):
        probe.program(Image.load(built.elf))
        talk = Conversation(link, hex, LinkStatistics(), SESSION)
        duplex = Duplex(talk, SendWindow(greet(talk).credit))
        for clip, samples in enumerate(pcm):
            step = len(samples) // CHUNKS_A_CLIP
            duplex.window.add(clip, [pcm_code.encode(part) for part in np.split(samples, range(step, 16000, step))])
        duplex.run()
        assert duplex.echoes == [echo_bytes(index) for index in range(ECHOES)]
        assert duplex.echoes_sent + duplex.chunks_sent == FRAMES
        assert (duplex.window.retransmits, duplex.bad_frames, talk.statistics.bad_frames_host) == (0, 0, 0)
        expected = built.network.reference(pcm)
        assert [is_exact(expected, clip, duplex.results[clip]) for clip in range(CLIPS)] == [True] * CLIPS
        assert duplex.busy_at_results > 0


def greet(talk: Conversation) -> Hello:
    deadline = time.monotonic() + SILENCE_SECONDS
    while time.monotonic() < deadline:
        talk.send(Kind.HELLO_REQUEST, messages.hello_request(SESSION))
        for message in talk.receive(1.0):
            if isinstance(message, Hello):
                return message
    pytest.fail("the target does not say hello")
