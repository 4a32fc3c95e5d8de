"""The entry point by which plain pyOCD finds the probe `gdbstub:HOST:PORT` and the targets of our boards."""

from __future__ import annotations

from importlib.metadata import version

from pyocd.core.options import OptionInfo
from pyocd.core.plugin import Plugin


class GdbStubProbePlugin(Plugin):
    """Loaded by pyOCD through the entry-point group `pyocd.probe`."""

    @property
    def name(self) -> str:
        return "gdbstub"

    @property
    def description(self) -> str:
        return "Simulated target behind a GDB stub (QEMU, Renode)"

    @property
    def version(self) -> str:
        return version("proofboard")

    @property
    def options(self) -> list[OptionInfo]:
        # Imported late, as below: pyOCD loads plug-ins in the middle of importing itself.
        from .gdbstub_probe import DEFAULT_RESET_COMMAND, RESET_COMMAND_OPTION

        help_text = "Monitor command by which the gdbstub probe resets the simulated machine."
        return [OptionInfo(RESET_COMMAND_OPTION, str, DEFAULT_RESET_COMMAND, help_text)]

    def load(self) -> type:
        from .board_target import register_board_targets
        from .gdbstub_probe import GdbStubProbe

        register_board_targets()
        return GdbStubProbe
