"""Which faults are worth a second try, and how many there are."""

from __future__ import annotations

import pytest
from proofboard_harness.errors import (
    BenchFault,
    FirmwareFault,
    LastingFault,
    ProbeFault,
    ProofboardError,
    TargetFault,
    ToolMissing,
)
from proofboard_harness.retry import retried


class Work:
    """Does `clips` steps; `faults` holds what is raised at a step, one after the other."""

    def __init__(self, clips: int, faults: dict[int, list[ProofboardError]]) -> None:
        self.clips, self.faults, self.done = clips, faults, 0
        self.attempts: list[int] = []
        self.told: list[ProofboardError] = []

    def attempt(self, number: int) -> int:
        self.attempts.append(number)
        while self.done < self.clips:
            if self.faults.get(self.done):
                raise self.faults[self.done].pop(0)
            self.done += 1
        return self.done

    def run(self) -> int:
        return retried(self.attempt, lambda: self.done, self.told.append)


def test_nothing_goes_wrong() -> None:
    work = Work(5, {})
    assert (work.run(), work.attempts, work.told) == (5, [1], [])


def test_bench_and_probe_faults_are_tried_again_wherever_they_come() -> None:
    faults = [BenchFault("the simulator died"), ProbeFault("no ACK"), BenchFault("gone")]
    work = Work(5, {0: [faults[0]], 2: [faults[1]], 4: [faults[2]]})
    assert (work.run(), work.attempts, work.told) == (5, [1, 2, 3, 4], faults)


@pytest.mark.parametrize("kind", [BenchFault, ProbeFault])
def test_the_second_one_at_a_place_is_the_end(kind: type[ProofboardError]) -> None:
    work = Work(5, {3: [kind("first"), kind("second")]})
    with pytest.raises(kind, match="second"):
        work.run()
    assert (work.attempts, work.done) == ([1, 2], 3)


@pytest.mark.parametrize("kind", [TargetFault, FirmwareFault, LastingFault, ToolMissing])
def test_what_would_come_again_is_not_tried_again(kind: type[ProofboardError]) -> None:
    work = Work(5, {3: [kind("first")]})
    with pytest.raises(kind, match="first"):
        work.run()
    assert (work.attempts, work.told) == ([1], [])
