"""What is under way to a target, and when it is to be asked for it."""

from __future__ import annotations

import pytest
from proofboard_harness.messages import Ack
from proofboard_harness.window import SendWindow

CREDIT = 5


class Line:
    """A clip without end on its way to a target, each chunk answered by an ACK."""

    def __init__(self) -> None:
        self.window = SendWindow(CREDIT)
        self.window.add(0, [b"code"] * 1000)
        self.received = 0

    def carry(self, count: int, *, lost_of_ten: int) -> None:
        """`count` chunks; of each ten, so many are lost."""
        for number in range(count):
            taken = self.window.take()
            assert taken is not None
            packet, place, _ = taken
            self.received |= (number % 10 >= lost_of_ten) << place.chunk
            self.window.acknowledge(Ack(1, packet, packet + CREDIT, 0, self.received, 0))

    def use_up_credit(self) -> None:
        while self.window.take() is not None:
            pass
        assert self.window.in_flight == CREDIT


@pytest.mark.parametrize(("lost_of_ten", "asked"), [(0, False), (5, True)])
def test_a_full_window_is_asked_for_where_much_is_lost(lost_of_ten: int, asked: bool) -> None:
    line = Line()
    line.carry(100, lost_of_ten=lost_of_ten)
    line.use_up_credit()
    assert line.window.is_uncertain is asked


def test_one_question_a_window() -> None:
    line = Line()
    line.carry(100, lost_of_ten=5)
    line.use_up_credit()
    question = line.window.number()
    assert not line.window.is_uncertain
    line.window.acknowledge(Ack(1, question, question + CREDIT, 0, line.received, 0))
    assert not line.window.is_uncertain  # there is credit: what goes now may show what was lost before
    line.use_up_credit()
    assert line.window.is_uncertain


def test_a_line_that_is_clean_again_is_not_asked() -> None:
    line = Line()
    line.carry(100, lost_of_ten=5)
    line.carry(100, lost_of_ten=0)
    line.use_up_credit()
    assert not line.window.is_uncertain
