"""A virtual RA6E1 as a process of its own:

    python -m proofboard_harness.simulator.virtual_ra6e1 [--cycles LINES,BYTES,FILL] [--baud N] [--power-cut N] …

It tells its ports as one line of JSON on its standard output, `{"gdb": PORT, "serial": [PORT]}`, and stands with empty
flash. When the machine stops for good, the cause is on the standard error and the exit code is 3.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence

from .faults import MachineFault
from .injection import FaultPlan
from .machine import FPB_SERIAL, CacheModel, Settings
from .process import Process

STOPPED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="virtual-ra6e1", description="A virtual RA6E1.")
    parser.add_argument("--cycles", metavar="LINES,BYTES,FILL", help="model cycles, with this flash cache")
    parser.add_argument("--baud", type=int, default=FPB_SERIAL.baud, help="bit/s of the host's serial line")
    parser.add_argument("--no-waits", action="store_true", help="in the cycles, memories never wait")
    parser.add_argument("--burst", type=int, default=1, help="received bytes that the DMAC may get together")
    parser.add_argument("--seed", type=int, default=0, help="of the contents of RAM and of interrupted cells")
    parser.add_argument("--power-cut", type=int, metavar="N", help="cut the power in the N-th operation of the flash")
    parser.add_argument("--program-error", type=int, metavar="N", help="fail the N-th operation of the flash")
    parser.add_argument("--hoco-never-stable", action="store_true", help="the HOCO never becomes stable")
    parser.add_argument("--watchdog", type=int, metavar="MS", help="a watchdog that OFS0 starts, and its time")
    options = parser.parse_args(arguments)
    cache = None if options.cycles is None else CacheModel(*map(int, options.cycles.split(",")))
    plan = FaultPlan(
        options.power_cut, options.program_error, not options.hoco_never_stable, options.seed, options.watchdog
    )
    wiring = dataclasses.replace(FPB_SERIAL, baud=options.baud)
    process = Process(Settings(wiring, cache, not options.no_waits, options.burst, plan))
    process.announce()
    try:
        process.serve()
    except MachineFault:
        return STOPPED
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
