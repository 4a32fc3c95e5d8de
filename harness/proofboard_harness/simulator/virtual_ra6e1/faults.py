"""What stops the virtual machine: a deed that the silicon would ignore, forbid or answer with nonsense."""

from __future__ import annotations

from ...errors import TargetFault

STOPPED_LINE = "stopped"
"""What the process says before its last words: what, where, and what to do, a line each."""


class MachineFault(TargetFault):
    """The machine has stopped. `seen` names the register or the address, `where` the code that did it."""


class OptionMemoryFault(MachineFault):
    """Option-setting memory was to be written: a wrong word there can lock a chip for ever."""


class PowerLoss(Exception):  # not a fault of anybody, but an event of the bench
    """The supply has gone: an injected power cut. Flash keeps what it holds, all else is lost."""


class ChipReset(Exception):  # an event too
    """The chip resets itself: AIRCR.SYSRESETREQ, or a brown-out. RAM keeps its contents."""
