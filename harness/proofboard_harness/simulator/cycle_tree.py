"""What the cycle model counted: a tree of calls, and sums over it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

UNKNOWN = "?"
ROOT = "all"


class InstructionClass(StrEnum):
    """Classes of instructions, in the order in which the plug-in writes their counts."""

    ALU = "alu"
    SHIFTED = "shifted operand"
    EXTEND_ADD = "extend and add"
    MULTIPLY = "multiply"
    DIVIDE = "divide"
    LOAD = "load"
    LOAD_MULTIPLE = "load multiple"
    STORE = "store"
    STORE_MULTIPLE = "store multiple"
    BRANCH = "branch"
    CALL = "call"
    IT = "it"
    NOP = "nop"
    FLOAT = "float"
    FLOAT_MULTIPLY_ADD = "float multiply-add"
    FLOAT_DIVIDE = "float divide, root"
    SYSTEM = "system"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Counts:
    """What ran in one place: executed instructions, modelled cycles of the core, and bytes of data.

    Attributes:
        instructions: executed, with those whose condition failed.
        low: cycles if no memory ever waits.
        high: cycles with the board's wait states, and the slowest division.
        bytes_read, bytes_written: by loads and stores.
    """

    instructions: int = 0
    low: int = 0
    high: int = 0
    bytes_read: int = 0
    bytes_written: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.instructions + other.instructions,
            self.low + other.low,
            self.high + other.high,
            self.bytes_read + other.bytes_read,
            self.bytes_written + other.bytes_written,
        )


@dataclass(frozen=True)
class InstructionCounts:
    """What the instruction at `address` cost: `low` cycles of the core, with the stalls before it, over all calls."""

    address: int
    executions: int
    low: int


@dataclass(frozen=True)
class CallTree:
    """A function as called from one place of one caller; the root stands for all that was counted.

    Attributes:
        function: its name, or "?" where the image has no symbol.
        call_site: address of the call instruction; 0 for the root and for where counting began.
        calls: how often it was called from there.
        own: counts without the functions it called.
        classes: `own.instructions` by class; classes that did not occur are left out.
        children: what it called, in order of call site.
    """

    function: str
    call_site: int
    calls: int
    own: Counts
    classes: dict[InstructionClass, int]
    children: tuple[CallTree, ...]

    @property
    def total(self) -> Counts:
        """Counts with the functions it called."""
        return sum((child.total for child in self.children), self.own)

    def walk(self) -> Iterator[CallTree]:
        """This node and all below it, callers first."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, function: str) -> tuple[CallTree, ...]:
        """All nodes of a function, wherever it was called."""
        return tuple(node for node in self.walk() if node.function == function)


@dataclass(frozen=True)
class CycleProfile:
    """All that was counted: by call path, and by instruction in order of address."""

    tree: CallTree
    instructions: tuple[InstructionCounts, ...]


@dataclass(frozen=True)
class FunctionCounts:
    """Sums of a function over all its callers. `total` counts a recursive call once."""

    function: str
    calls: int
    own: Counts
    total: Counts
    classes: dict[InstructionClass, int]


def by_function(tree: CallTree) -> tuple[FunctionCounts, ...]:
    """Sums by function, the most own cycles first; the root is left out."""
    calls: dict[str, int] = defaultdict(int)
    own: dict[str, Counts] = defaultdict(Counts)
    total: dict[str, Counts] = defaultdict(Counts)
    classes: dict[str, dict[InstructionClass, int]] = defaultdict(lambda: defaultdict(int))

    def visit(node: CallTree, callers: frozenset[str]) -> None:
        calls[node.function] += node.calls
        own[node.function] += node.own
        if node.function not in callers:
            total[node.function] += node.total
        for kind, count in node.classes.items():
            classes[node.function][kind] += count
        for child in node.children:
            visit(child, callers | {node.function})

    for child in tree.children:
        visit(child, frozenset())
    rows = (FunctionCounts(name, calls[name], own[name], total[name], dict(classes[name])) for name in own)
    return tuple(sorted(rows, key=lambda row: (-row.own.low, row.function)))
