"""Modelled cycles of an image that ends by itself, by function.

    python -m proofboard_harness.simulator.cycles IMAGE.elf [--window FUNCTION]... [--tree] [--annotate FUNCTION]

The image runs on the simulator of a board and ends by semihosting (SYS_EXIT). docs/cycle-model.md says what the
figures are worth.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import toolchain
from ..boards import load_board
from ..errors import BenchFault, ConfigurationFault, ProofboardError, TargetFault
from ..spec import BoardSpec, QemuSpec
from ..toolchain import Tool
from .cycle_counter import ProfileRequest, counting
from .cycle_tree import CallTree, Counts, CycleProfile, by_function
from .qemu import find_qemu

DEFAULT_BOARD = "qemu-mps2-an505"
_OBJDUMP = Tool("arm-none-eabi-objdump", "disassembles", "binutils-arm-none-eabi")
_CODE_LINE = re.compile(r"^ *([0-9a-f]+):\t")


@dataclass(frozen=True)
class CycleRun:
    """A run of an image: what was counted, what it printed on its first UART, and its exit code."""

    profile: CycleProfile
    output: bytes
    status: int

    @property
    def tree(self) -> CallTree:
        """The counts by call path."""
        return self.profile.tree


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
        ConfigurationFault: the board is not a simulated one, or the image lacks a window's function.
        BenchFault: QEMU failed.
    """
    simulator = spec.simulator
    if not isinstance(simulator, QemuSpec):
        raise ConfigurationFault(f"board {spec.name!r} is not simulated by QEMU")
    command = [find_qemu(), "-M", simulator.machine, *simulator.arguments, "-kernel", str(image)]
    command += ["-icount", f"shift={simulator.icount_shift},sleep=off", "-display", "none", "-monitor", "none"]
    command += ["-serial", "stdio", "-semihosting-config", "enable=on,target=native"]
    with counting(ProfileRequest(image, tuple(windows)), spec) as counter:
        command += counter.options
        try:
            done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired as error:
            hint = "it must end by semihosting: SYS_EXIT"
            raise TargetFault(f"did not end within {seconds:.0f} s", where=str(image), hint=hint) from error
        try:
            return CycleRun(counter.read(), done.stdout, done.returncode)
        except BenchFault as error:
            words = done.stderr.decode(errors="replace").strip()
            raise BenchFault(f"the simulator ended with {done.returncode}: {words}", where=str(image)) from error


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


def listing(image: Path, profile: CycleProfile, function: str) -> str:
    """The disassembly of a function, each instruction with its executions and its mean cycles, stalls included."""
    costs = {row.address: row for row in profile.instructions}
    command = [str(toolchain.find(_OBJDUMP)), f"--disassemble={function}", "--no-show-raw-insn", str(image)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = []
    for line in done.stdout.splitlines():
        match = _CODE_LINE.match(line)
        row = costs.get(int(match[1], 16)) if match else None
        if match and row:
            lines.append(f"{row.executions:>10} {row.low / row.executions:>7.2f}  {line}")
        elif match:
            lines.append(f"{'':>18}  {line}")
    return "\n".join([f"{'executed':>10} {'cycles':>7}", *lines])


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="cycles", description="Modelled Cortex-M33 cycles of an image, by function.")
    parser.add_argument("image", type=Path, help="ELF file that ends by semihosting")
    parser.add_argument("--board", default=DEFAULT_BOARD, help="simulated board whose memories are modelled")
    parser.add_argument("--window", action="append", default=[], help="count only in calls of this function")
    parser.add_argument("--annotate", metavar="FUNCTION", help="print the function's code with its cycles")
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
    if options.annotate:
        print(listing(options.image, run.profile, options.annotate))
    return 0


if __name__ == "__main__":
    sys.exit(main())
