"""Modelled cycles of an image that ends by itself, by function.

    python -m proofboard_harness.simulator.cycles IMAGE.elf [--window FUNCTION]... [--tree]

The image runs on the simulator of a board and ends by semihosting (SYS_EXIT). docs/cycle-model.md says what the
figures are worth.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..boards import load_board
from ..errors import BenchFault, ConfigurationFault, ProofboardError, TargetFault
from ..spec import BoardSpec
from .cycle_build import build_plugin
from .cycle_output import read_functions, read_output, write_settings
from .cycle_tree import CallTree, Counts, by_function
from .qemu import find_qemu

DEFAULT_BOARD = "qemu-mps2-an505"


@dataclass(frozen=True)
class CycleRun:
    """A run of an image: what was counted, what it printed on its first UART, and its exit code."""

    tree: CallTree
    output: bytes
    status: int


def run_image(image: Path, spec: BoardSpec, *, windows: Sequence[str] = (), seconds: float = 120.0) -> CycleRun:
    """Run an image to its end, counting.

    Args:
        image: an ELF file that ends by semihosting.
        spec: a simulated board, whose memories are modelled.
        windows: names of functions; only what runs in calls of them is counted. Empty: everything is.
        seconds: the most time it may take.

    Raises:
        ToolMissing: QEMU or the C compiler is not there.
        TargetFault: it did not end in that time.
        FirmwareFault: the file can't be used.
    """
    if spec.simulator is None:
        raise ConfigurationFault(f"board {spec.name!r} is not a simulated one")
    functions = read_functions(image)
    plugin, qemu = build_plugin(), find_qemu()
    with tempfile.TemporaryDirectory() as name:
        settings, output = Path(name) / "settings", Path(name) / "counts"
        write_settings(settings, output, spec, functions, windows)
        command = [qemu, "-M", spec.simulator.machine, *spec.simulator.arguments, "-kernel", str(image)]
        command += ["-icount", f"shift={spec.simulator.icount_shift},sleep=off", "-display", "none", "-monitor", "none"]
        command += ["-serial", "stdio", "-semihosting-config", "enable=on,target=native"]
        command += ["-plugin", f"file={_escaped(plugin)},settings={_escaped(settings)}"]
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            hint = "it must end by semihosting: SYS_EXIT"
            raise TargetFault(f"did not end within {seconds:.0f} s", where=str(image), hint=hint) from error
        if not output.exists():
            words = done.stderr.decode(errors="replace").strip()
            raise BenchFault(f"the simulator ended with {done.returncode} and left no counts: {words}")
        return CycleRun(read_output(output, functions), done.stdout, done.returncode)


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")  # a comma separates QEMU's options


def table(tree: CallTree) -> str:
    """The counts by function, as text."""
    whole = tree.total
    lines = [f"{'calls':>9} {'instr':>11} {'cycles':>11} {'with waits':>11} {'incl.':>11} {'share':>6} {'read':>9} "]
    lines[0] += f"{'written':>9}  function"
    for row in by_function(tree):
        lines.append(_row(str(row.calls), row.own, row.total.low, whole.low, row.function))
    lines.append(_row("", whole, whole.low, whole.low, "all"))
    return "\n".join(lines)


def _row(calls: str, own: Counts, inclusive: int, whole: int, name: str) -> str:
    share = 100 * own.low / whole if whole else 0.0
    figures = f"{calls:>9} {own.instructions:>11} {own.low:>11} {own.high:>11} {inclusive:>11} {share:>5.1f}%"
    return f"{figures} {own.bytes_read:>9} {own.bytes_written:>9}  {name}"


def tree_table(tree: CallTree, depth: int = 0) -> str:
    """The tree of calls, as text: one line a node, indented."""
    total, own = tree.total, tree.own
    site = f" from {tree.call_site:#010x}" if tree.call_site else ""
    indent = "  " * depth
    line = f"{total.low:>11} {total.high:>11} {own.low:>11}  {indent}{tree.function} x{tree.calls}{site}"
    head = [f"{'incl.':>11} {'with waits':>11} {'own':>11}  function"] if depth == 0 else []
    return "\n".join([*head, line, *(tree_table(child, depth + 1) for child in tree.children)])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="cycles", description="Modelled Cortex-M33 cycles of an image, by function.")
    parser.add_argument("image", type=Path, help="ELF file that ends by semihosting")
    parser.add_argument("--board", default=DEFAULT_BOARD, help="simulated board whose memories are modelled")
    parser.add_argument("--window", action="append", default=[], help="count only in calls of this function")
    parser.add_argument("--tree", action="store_true", help="print the tree of calls too")
    options = parser.parse_args(arguments)
    try:
        run = run_image(options.image, load_board(options.board), windows=options.window)
    except ProofboardError as error:
        print(error, file=sys.stderr)
        return 2
    if run.output:
        print(run.output.decode(errors="replace").rstrip())
    print(table(run.tree))
    if options.tree:
        print(tree_table(run.tree))
    return 0


if __name__ == "__main__":
    sys.exit(main())
