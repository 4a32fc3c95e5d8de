"""The longer run of the state machines ends when its time is over, and at the first sequence that breaks something."""

from __future__ import annotations

import pytest
from fuzz_host import fuzz
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule


class Sound(RuleBasedStateMachine):
    """Breaks never."""

    @rule()
    def nothing(self) -> None:
        """Does nothing."""


class Broken(RuleBasedStateMachine):
    """Breaks at its third number above 100."""

    def __init__(self) -> None:
        super().__init__()
        self.large = 0

    @rule(number=st.integers(0, 1000))
    def count(self, number: int) -> None:
        self.large += number > 100
        assert self.large < 3


def test_sequences_are_counted() -> None:
    assert fuzz(Sound, 0.01) >= 1
    assert fuzz(Sound, 0) == 0


def test_what_breaks_is_raised() -> None:
    with pytest.raises(AssertionError):
        fuzz(Broken, 10)
