"""What `bench virtual` makes of its figures, and that it believes no wrong answer."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from built_example import network_of
from graph_example import integer_graph
from proofboard_harness.benchmarks import virtual
from proofboard_harness.benchmarks.link_subject import LinkSubject
from proofboard_harness.benchmarks.virtual import SpeedRow
from proofboard_harness.errors import TargetFault
from proofboard_harness.spec import VirtualSpeed


@pytest.mark.parametrize(
    ("speed", "instructions", "met"),
    [
        (VirtualSpeed.FAST, 40_000_000, True),
        (VirtualSpeed.FAST, 39_999_999, False),
        (VirtualSpeed.MODELLED, 1_000_000, True),
    ],
)
def test_the_bound_is_of_the_fast_speed(speed: VirtualSpeed, instructions: int, met: bool) -> None:
    row = SpeedRow(speed, 10, instructions, processor=2.0)
    assert row.rate == instructions / 2
    assert row.is_met is met
    words = virtual.table([row]).rows[0][-1]
    assert ("met" in words, "MISSED" in words) == (speed is VirtualSpeed.FAST and met, not met)


@pytest.fixture(scope="module")
def subject() -> LinkSubject:
    image = network_of(integer_graph(7, 992, (8, 2), name="compressed"))
    pcm = np.random.default_rng(2).integers(-32768, 32768, (1, 16_000), dtype=np.int16)
    return LinkSubject(image, pcm, image.reference(pcm), ("noise",))


def test_nothing_but_the_network_is_counted(subject: LinkSubject) -> None:
    row = virtual.measure(VirtualSpeed.FAST, subject, 6)
    assert row.instructions == 3 * virtual.measure(VirtualSpeed.FAST, subject, 2).instructions > 0
    assert row.processor > 0


def test_a_wrong_answer_is_no_figure(subject: LinkSubject) -> None:
    expected = dataclasses.replace(subject.expected, classes=1 - subject.expected.classes)
    with pytest.raises(TargetFault, match="answered otherwise"):
        virtual.measure(VirtualSpeed.FAST, dataclasses.replace(subject, expected=expected), 1)
