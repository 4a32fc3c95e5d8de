"""The rate of a link, on lines that are clean up to some rate only, or get worse while sound goes over them."""

from __future__ import annotations

import itertools

import pytest
from pipe_example import FIRST_BAUD, WINDOW, Pipe
from proofboard_harness.frames import FrameReader, encode_frame
from proofboard_harness.link import Link
from proofboard_harness.messages import Kind
from proofboard_harness.oracle import is_exact
from proofboard_harness.rate import RateControl
from proofboard_harness.target import Patience, Target
from proofboard_harness.transport.inject import FaultPlan
from proofboard_host.frontend.adversarial import adversarial_clips


@pytest.fixture(scope="module")
def pipe(tmp_path_factory: pytest.TempPathFactory) -> Pipe:
    return Pipe.make(tmp_path_factory.mktemp("builds"))


def assert_answers(pipe: Pipe, target: Target) -> None:
    assert pipe.differing(target, adversarial_clips(6, WINDOW, seed=4)) == []


@pytest.mark.parametrize("fastest", [FIRST_BAUD, 1_500_000])
def test_a_clean_line_is_used_to_its_end(pipe: Pipe, fastest: int) -> None:
    with pipe.wired(fastest) as (wire, target):
        target.greet(pipe.identity)
        assert wire.host_baud == wire.target_baud == target.statistics.baud == fastest
        assert_answers(pipe, target)


@pytest.mark.parametrize("trouble", [FaultPlan(flip=1e-2), FaultPlan(loss=0.99)])
@pytest.mark.parametrize("highest", [FIRST_BAUD, 460_800])
def test_the_highest_clean_rate_is_found(pipe: Pipe, trouble: FaultPlan, highest: int) -> None:
    with pipe.wired(921_600, lambda baud: trouble if baud > highest else FaultPlan()) as (wire, target):
        target.greet(pipe.identity)
        assert wire.host_baud == wire.target_baud == target.statistics.baud == highest
        assert_answers(pipe, target)


def test_a_few_losses_are_no_reason_to_be_slow(pipe: Pipe) -> None:
    with pipe.wired(921_600, lambda baud: FaultPlan(loss=1e-4)) as (_, target):
        target.greet(pipe.identity)
        assert target.statistics.baud == 921_600
        assert_answers(pipe, target)


def test_a_line_that_is_as_bad_at_every_rate_is_used_fast(pipe: Pipe) -> None:
    """A third of the echoes is lost, whatever the rate."""
    with pipe.wired(230_400, lambda baud: FaultPlan(loss=4e-4)) as (_, target):
        target.greet(pipe.identity)
        assert target.statistics.baud == 230_400
        assert_answers(pipe, target)


def test_a_line_that_gets_worse_is_used_more_slowly(pipe: Pipe) -> None:
    worse: list[bool] = []
    trouble = FaultPlan(loss=2e-3)
    with pipe.wired(921_600, lambda baud: trouble if worse and baud > 460_800 else FaultPlan()) as (wire, target):
        target.greet(pipe.identity)
        assert target.statistics.baud == 921_600
        worse.append(True)
        assert pipe.differing(target, adversarial_clips(60, WINDOW, seed=5)) == []
        assert wire.host_baud == wire.target_baud == target.statistics.baud == 460_800


def test_a_target_that_forgot_its_rate_is_greeted_anew(pipe: Pipe) -> None:
    """As after a loss of power, of which nothing can be heard at the higher rate."""
    with pipe.wired(460_800) as (wire, target):
        target.greet(pipe.identity)
        assert_answers(pipe, target)
        wire._wanted_baud = FIRST_BAUD
        assert_answers(pipe, target)
        assert target.statistics.resets == 1
        assert wire.target_baud == 460_800


def judged(rate: RateControl, *counts: tuple[int, int]) -> list[int]:
    """What is wanted after each, and taken."""
    wanted = []
    for packets, repeated in counts:
        rate.baud = rate.wanted(packets, repeated)
        wanted.append(rate.baud)
    return wanted


def test_what_is_poor() -> None:
    rate = RateControl(FIRST_BAUD, 921_600)
    assert judged(rate, (1000, 900)) == [FIRST_BAUD]  # nothing is slower than the first rate
    rate.baud = 921_600
    assert judged(rate, (1010, 910), (1063, 963)) == [921_600, 921_600]  # too few to tell
    assert judged(rate, (1100, 1000)) == [460_800]
    assert judged(rate, (1200, 1020), (1300, 1046)) == [460_800, 230_400]
    after_a_greeting = itertools.repeat((10, 0), 2)
    rate.baud = 921_600
    assert judged(rate, *after_a_greeting) == [921_600, 921_600]
    assert judged(rate, (110, 50)) == [460_800]


def test_a_slower_rate_that_carries_no_more_is_left_again() -> None:
    """Half of the packets is lost at either."""
    rate = RateControl(FIRST_BAUD, 921_600)
    rate.baud = 921_600
    assert judged(rate, (100, 50), (200, 90)) == [460_800, 921_600]
    assert judged(rate, (300, 150), (400, 210)) == [921_600, 921_600]  # known, and not much worse
    assert judged(rate, (500, 295)) == [460_800]  # much worse
    assert judged(rate, (600, 300), (700, 310)) == [460_800, 460_800]  # and this is better


def test_a_line_that_gets_worse_at_every_rate_is_used_fast(pipe: Pipe) -> None:
    worse: list[bool] = []
    with pipe.wired(460_800, lambda baud: FaultPlan(loss=1e-3 if worse else 0)) as (wire, target):
        target.greet(pipe.identity)
        worse.append(True)
        seen = {wire.target_baud}
        pcm = adversarial_clips(100, WINDOW, seed=7)
        expected = pipe.network.reference(pcm)
        for row, result in enumerate(target.stream(pcm)):
            assert is_exact(expected, row, result)
            seen.add(wire.target_baud)
        assert seen == {460_800, 230_400}
        assert wire.host_baud == wire.target_baud == 460_800


def test_a_busy_target_is_waited_for_at_a_raised_rate(pipe: Pipe) -> None:
    """It is silent for longer than the questions that make a target at a raised rate suspect."""
    patience = Patience(first_seconds=0.02, answer_seconds=0.1)
    with pipe.wired(460_800, patience=patience, inference_ms=800) as (wire, target):
        target.greet(pipe.identity)
        assert pipe.differing(target, adversarial_clips(2, WINDOW, seed=8)) == []
        assert (target.statistics.resets, wire.target_baud) == (0, 460_800)


class LosesOnce:
    """A link on which the first frame of a kind from the target is lost."""

    def __init__(self, link: Link, kind: Kind) -> None:
        self._link = link
        self._lost: Kind | None = kind
        self._reader = FrameReader()

    @property
    def busy_seconds(self) -> float:
        return self._link.busy_seconds

    def write(self, data: bytes) -> None:
        self._link.write(data)

    def read(self, timeout: float) -> bytes:
        data = b""
        for frame in self._reader.feed(self._link.read(timeout)):
            if frame.type == self._lost:
                self._lost = None
            else:
                data += encode_frame(frame.type, frame.payload)
        return data

    def set_baud(self, baud: int) -> None:
        self._link.set_baud(baud)

    def close(self) -> None:
        self._link.close()


def test_a_lost_answer_to_a_new_rate_is_no_reason_to_be_slow(pipe: Pipe) -> None:
    with pipe.wired(460_800) as (wire, target):
        target.link = LosesOnce(target.link, Kind.BAUD)
        target.greet(pipe.identity)
        assert wire.host_baud == wire.target_baud == target.statistics.baud == 460_800
        assert_answers(pipe, target)


def test_a_lost_answer_in_the_midst_of_a_stream_is_no_reset(pipe: Pipe) -> None:
    """The step down of a line that got worse."""
    worse: list[bool] = []
    with pipe.wired(460_800, lambda baud: FaultPlan(loss=2e-3 if worse and baud > 230_400 else 0)) as (wire, target):
        target.greet(pipe.identity)
        target.link = LosesOnce(target.link, Kind.BAUD)
        assert target._conversation is not None
        target._conversation.link = target.link
        worse.append(True)
        assert pipe.differing(target, adversarial_clips(40, WINDOW, seed=9)) == []
        assert wire.host_baud == wire.target_baud == target.statistics.baud == 230_400
        assert target.statistics.resets == 0
