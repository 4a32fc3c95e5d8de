"""The files between the cycle model and Proofboard: settings for the plug-in, and what it writes.

`settings.h` and `output.c` of the plug-in say what is in them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from ..errors import BenchFault, ConfigurationFault, FirmwareFault
from ..spec import BoardSpec, MemoryKind
from .cycle_tree import ROOT, UNKNOWN, CallTree, Counts, CycleProfile, InstructionClass, InstructionCounts

_END = "end"


@dataclass(frozen=True)
class Function:
    """Code from `start` to `end` - 1."""

    name: str
    start: int
    end: int


def read_functions(image: Path) -> tuple[Function, ...]:
    """The functions of an ELF file, in order of address; one without a size ends where the next begins.

    Raises:
        FirmwareFault: the file can't be read, or is no ELF file.
    """
    try:
        with image.open("rb") as stream:
            return _functions(ELFFile(stream))
    except OSError as error:
        raise FirmwareFault(f"can't be read: {error.strerror}", where=str(image)) from error
    except ELFError as error:
        raise FirmwareFault(f"is not an ELF file: {error}", where=str(image)) from error


def _functions(elf: ELFFile) -> tuple[Function, ...]:
    named: dict[int, tuple[str, int, int]] = {}  # start: name, size, end of section
    for table in elf.iter_sections():
        if not isinstance(table, SymbolTableSection):
            continue
        for symbol in table.iter_symbols():
            index = symbol["st_shndx"]
            if symbol["st_info"]["type"] == "STT_FUNC" and isinstance(index, int):
                section = elf.get_section(index)
                start = symbol["st_value"] & ~1
                named.setdefault(start, (symbol.name, symbol["st_size"], section["sh_addr"] + section["sh_size"]))
    starts = sorted(named)
    functions = []
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        name, size, section_end = named[start]
        limit = section_end if following is None else min(section_end, following)
        functions.append(Function(name, start, min(start + size, limit) if size else limit))
    return tuple(functions)


def write_settings(
    path: Path, output: Path, spec: BoardSpec, functions: Sequence[Function], windows: Sequence[str]
) -> None:
    """Write the plug-in's settings.

    Args:
        path: the file to write.
        output: the file that the plug-in is to write.
        spec: whose memories are modelled.
        functions: as `read_functions` gives them.
        windows: names of functions; only what runs in calls of them is counted. Empty: everything is.

    Raises:
        ConfigurationFault: the image has no function of that name.
    """
    lines = [f"output {output}"]
    if spec.cache is not None:
        cache = spec.cache
        lines.append(f"cache {cache.lines:x} {cache.line_bytes.bit_length() - 1:x} {cache.fill_cycles:x}")
    for region in spec.memory:
        cached = int(region.kind is MemoryKind.FLASH)
        lines.append(f"region {region.start:x} {region.end - 1:x} {region.wait_states:x} {cached:x}")
    lines += [f"function {function.start:x} {function.end:x}" for function in functions]
    for window in windows:
        starts = [function.start for function in functions if function.name == window]
        if not starts:
            raise ConfigurationFault(f"the image has no function {window!r}", hint="look at arm-none-eabi-nm's output")
        lines += [f"window {start:x}" for start in starts]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _Node:
    parent: int
    function: str
    site: int
    calls: int
    counts: Counts
    classes: dict[InstructionClass, int]


def read_output(path: Path, functions: Sequence[Function]) -> CycleProfile:
    """What the plug-in wrote.

    Raises:
        BenchFault: it is missing or not whole: QEMU did not end in order.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise BenchFault(f"the simulator left no counts: {error.strerror}", where=str(path)) from error
    if not lines or lines[-1] != _END:
        raise BenchFault("the simulator's counts are not whole", where=str(path), hint="was it killed?")
    nodes: dict[int, _Node] = {}
    executions: Counter[int] = Counter()
    cycles: Counter[int] = Counter()
    for line in lines[:-1]:
        word, *rest = line.split()
        numbers = [int(number) for number in rest]
        if word == "node":
            nodes[numbers[0]] = _node(numbers, functions)
        else:
            address, times, cost = numbers
            executions[address] += times
            cycles[address] += cost
    instructions = (InstructionCounts(address, executions[address], cycles[address]) for address in sorted(executions))
    return CycleProfile(_tree(nodes), tuple(instructions))


def _tree(nodes: Mapping[int, _Node]) -> CallTree:
    children: dict[int, list[int]] = defaultdict(list)
    for identity, node in nodes.items():
        children[node.parent].append(identity)

    def build(identity: int) -> CallTree:
        node = nodes[identity]
        below = sorted(children[identity], key=lambda child: (nodes[child].site, nodes[child].function))
        name = ROOT if node.parent < 0 else node.function
        return CallTree(name, node.site, node.calls, node.counts, node.classes, tuple(build(child) for child in below))

    return build(next(identity for identity, node in nodes.items() if node.parent < 0))


def _node(numbers: Sequence[int], functions: Sequence[Function]) -> _Node:
    _, parent, function, site, calls, instructions, cycles, waits, read, written, *classes = numbers
    name = functions[function].name if function >= 0 else UNKNOWN
    kinds = {kind: count for kind, count in zip(InstructionClass, classes, strict=True) if count}
    counts = Counts(instructions, cycles, cycles + waits, read, written)
    return _Node(parent, name, site, calls, counts, kinds)
