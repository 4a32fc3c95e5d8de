"""The state machines of `unit/test_link_machines.py` for as long as one likes: `make fuzz-host`, or
`python tests/fuzz_host.py --seconds 600`.

Hypothesis draws other sequences in each round; half of the time goes to either machine. A sequence that breaks
something is made as short as it can be, and printed; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from pathlib import Path

from hypothesis import Verbosity, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

sys.path.append(str(Path(__file__).parent / "unit"))
from test_link_machines import TargetMachine, WindowMachine

_ROUND = settings(
    max_examples=50, stateful_step_count=60, deadline=None, database=None, print_blob=True, verbosity=Verbosity.normal
)


def fuzz(machine: type[RuleBasedStateMachine], seconds: float) -> int:
    """Run sequences of `machine` for so long; how many. Raises what the first one raises that breaks something."""
    begun = 0

    def counted() -> RuleBasedStateMachine:
        nonlocal begun
        begun += 1
        return machine()

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run_state_machine_as_test(counted, settings=_ROUND)  # type: ignore[no-untyped-call]
    return begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    machines = (WindowMachine, TargetMachine)
    seconds = parser.parse_args().seconds / len(machines)
    for machine in machines:
        try:
            count = fuzz(machine, seconds)
        except Exception:
            traceback.print_exc()
            return 1
        print(f"{machine.__name__}: {count:,} sequences in {seconds:g} s, no finding", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
