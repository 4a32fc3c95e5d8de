"""The wire that is played in software: bytes take their time, ends at two rates hear noise, what nobody fetches is
lost; and the firmware's application at its other end."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from pipe_example import FIRST_BAUD, WINDOW, Pipe
from proofboard_harness import messages, pcm_code
from proofboard_harness.errors import TargetFault
from proofboard_harness.frames import encode_frame
from proofboard_harness.link import SerialLink
from proofboard_harness.messages import Kind
from proofboard_harness.target import Patience
from proofboard_harness.transport.inject import FaultPlan
from proofboard_harness.transport.paced import ADAPTER_BYTES, RECEIVE_BYTES, Way, open_wire
from proofboard_host.frontend.adversarial import adversarial_clips


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    return Pipe.make(tmp_path_factory.mktemp("builds"))


def test_a_byte_takes_ten_bits() -> None:
    way = Way()
    way.put(bytes(range(100)), 5.0)
    assert way.arrived(5.0, 9600) == b""
    assert way.arrived(5.0 + 0.0105, 9600) == bytes(range(10))
    assert way.arrived(5.0 + 0.0105, 9600) == b""
    assert way.arrived(5.0 + 0.0209, 9600) == bytes(range(10, 20))
    assert way.arrived(6.0, 9600) == bytes(range(20, 100))


def test_an_idle_wire_saves_up_nothing() -> None:
    way = Way()
    way.put(b"a", 0.0)
    assert way.arrived(10.0, 9600) == b"a"
    way.put(bytes(100), 20.0)
    assert len(way.arrived(20.0105, 9600)) == 10


def test_the_adapter_is_finite() -> None:
    way = Way()
    way.put(bytes(ADAPTER_BYTES - 1), 0.0)
    assert way.room == 1
    way.put(b"x", 0.0)
    assert way.room == 0


def test_every_answer_is_the_reference_and_nothing_is_overrun(pipe: Pipe) -> None:
    with pipe.wired(921_600) as (wire, target):
        assert target.greet(pipe.identity).board == "pipe"
        before = wire.counts.down
        assert pipe.differing(target, adversarial_clips(24, WINDOW, seed=1)) == []
        assert wire.counts.overruns == 0
        assert target.statistics.retransmits == 0
        assert wire.counts.down - before <= target.statistics.pcm_bytes


def test_framing_leaves_more_than_nine_tenths_to_the_samples() -> None:
    """The dearest chunk: noise that no code makes smaller, with zeros that COBS has to stuff."""
    pcm = adversarial_clips(40, 320, seed=2)
    for chunk in pcm:
        frame = encode_frame(Kind.CLIP_CHUNK, messages.clip_chunk(9, 9, 9, 9, 1, pcm_code.encode_raw(chunk)))
        assert chunk.nbytes / len(frame) > 0.95


def test_losses_are_repaired(pipe: Pipe) -> None:
    with pipe.wired(921_600, lambda baud: FaultPlan(loss=1e-3)) as (_, target):
        target.greet(pipe.identity)
        assert pipe.differing(target, adversarial_clips(8, WINDOW, seed=3)) == []
        assert target.statistics.retransmits > 0


def test_ends_at_two_rates_hear_noise(pipe: Pipe) -> None:
    with pipe.wired(FIRST_BAUD, patience=Patience(0.02, 0.04, 3)) as (wire, target):
        target.link.set_baud(57_600)
        with pytest.raises(TargetFault, match="no answer"):
            target.greet(pipe.identity)
        assert (wire.host_baud, wire.target_baud) == (57_600, FIRST_BAUD)


def test_what_the_target_does_not_fetch_is_lost(tmp_path: Path) -> None:
    deaf = tmp_path / "deaf.sh"
    deaf.write_text("#!/bin/sh\nexec sleep 60\n")
    deaf.chmod(0o755)
    with open_wire([str(deaf)], 4_000_000) as wire:
        link = SerialLink(wire.url, 4_000_000)
        link.write(bytes(RECEIVE_BYTES + 1000))
        while wire.counts.down < RECEIVE_BYTES + 1000:
            time.sleep(0.01)
        link.close()
    assert wire.counts.overruns == 1000
