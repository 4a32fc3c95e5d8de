"""The rate of a link, on lines that are clean up to some rate only, or get worse while sound goes over them."""

from __future__ import annotations

import itertools

import pytest
from pipe_example import FIRST_BAUD, WINDOW, Pipe
from proofboard_harness.rate import RateControl
from proofboard_harness.target import Target
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


def judged(rate: RateControl, *counts: tuple[int, int]) -> list[bool]:
    return [rate.is_poor(packets, repeated) for packets, repeated in counts]


def test_what_is_poor() -> None:
    rate = RateControl(FIRST_BAUD, 921_600)
    assert judged(rate, (1000, 900)) == [False]  # nothing is slower than the first rate
    rate.baud = 921_600
    assert judged(rate, (1010, 910), (1063, 963)) == [False, False]  # too few to tell
    assert judged(rate, (1100, 1000)) == [True]
    assert judged(rate, (1200, 1020), (1300, 1046)) == [False, True]
    after_a_greeting = itertools.repeat((10, 0), 2)
    assert judged(rate, *after_a_greeting) == [False, False]
    assert judged(rate, (100, 50)) == [True]
