"""Cycle counting in one run of QEMU: the options that start it, and the counts once QEMU has ended."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..spec import BoardSpec
from .cycle_build import build_plugin
from .cycle_output import Function, read_functions, read_output, write_settings
from .cycle_tree import CycleProfile


@dataclass(frozen=True)
class ProfileRequest:
    """What to count: the image that will run, and the functions in whose calls; none: everything."""

    image: Path
    windows: tuple[str, ...] = ()


@dataclass(frozen=True)
class CycleCounter:
    """`options` go to QEMU's command line."""

    options: tuple[str, ...]
    _output: Path
    _functions: Sequence[Function]

    def read(self) -> CycleProfile:
        """What was counted; QEMU must have ended, in order: by itself, by SIGTERM, or by QMP's `quit`.

        Raises:
            BenchFault: it did not.
        """
        return read_output(self._output, self._functions)


@contextlib.contextmanager
def counting(request: ProfileRequest, spec: BoardSpec) -> Iterator[CycleCounter]:
    """A counter for one run of QEMU within this context. The memories are those of `spec`.

    Raises:
        ToolMissing: QEMU or the C compiler is not there.
        FirmwareFault: the image can't be read.
        ConfigurationFault: it has no function of a window's name.
    """
    functions = read_functions(request.image)
    plugin = build_plugin()
    with tempfile.TemporaryDirectory() as name:
        settings, output = Path(name) / "settings", Path(name) / "counts"
        write_settings(settings, output, spec, functions, request.windows)
        options = ("-plugin", f"file={_escaped(plugin)},settings={_escaped(settings)}")
        yield CycleCounter(options, output, functions)


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")  # a comma separates QEMU's options
