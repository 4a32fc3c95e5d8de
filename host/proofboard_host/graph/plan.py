"""Places of all tensors and working memories in one arena, so that what lives at the same time does not overlap.

Offline dynamic storage allocation: greedy by size with the lowest free offset, as in Y. Pisarchyk and J. Lee,
"Efficient memory management for deep neural net inference" (arXiv:2001.03288) and in the planner of TensorFlow Lite
Micro; then, where that leaves gaps, other orders are tried: the block that reaches highest is moved forward. The
largest live set is a bound that no plan can beat; the search ends when it is met.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

ALIGNMENT = 4
"""Bytes to which every place is aligned."""

_ATTEMPTS = 500


@dataclass(frozen=True)
class Step:
    """One operator as the planner sees it.

    Args:
        output: bytes of its output.
        sources: steps whose outputs it reads; the features are none.
        scratch: bytes of working memory while it runs.
        in_place: whether its output may begin where a source begins that dies here.
    """

    output: int
    sources: tuple[int, ...]
    scratch: int = 0
    in_place: bool = False


@dataclass(frozen=True)
class Plan:
    """Byte offsets into the arena, multiples of 4.

    Args:
        outputs: of each step's output.
        scratch: of each step's working memory; 0 where it needs none.
        bytes: size of the arena.
        live_bytes: the largest sum of what lives at the same time: no arena can be smaller.
    """

    outputs: tuple[int, ...]
    scratch: tuple[int, ...]
    bytes: int
    live_bytes: int


@dataclass(frozen=True)
class _Part:
    """A tensor or a working memory: `size` bytes, a multiple of 4, from step `first` to step `last`."""

    size: int
    first: int
    last: int

    def meets(self, other: _Part) -> bool:
        return self.first <= other.last and other.first <= self.last


_Block = tuple[_Part, ...]
"""Parts that begin at one offset: a tensor and what is computed in its place."""


def plan_memory(steps: Sequence[Step]) -> Plan:
    """Where each output and each working memory lies.

    Args:
        steps: in the order they run; the output of the last one stays to the end, any other up to its last reader.
    """
    last = {source: index for index, step in enumerate(steps) for source in (index, *step.sources)}
    tensors = [_Part(_aligned(step.output), index, last[index]) for index, step in enumerate(steps)]
    hosts = _hosts(steps, tensors)
    # Computing in place ties two tensors to one offset: rarely the arena is smaller with a tie cut.
    best = _plan(steps, tensors, hosts)
    for cut in (*((index,) for index in hosts), tuple(hosts)):
        if best.bytes == best.live_bytes:
            break
        ties = {index: host for index, host in hosts.items() if index not in cut}
        plan = _plan(steps, tensors, ties)
        if plan.bytes < best.bytes:
            best = replace(plan, live_bytes=best.live_bytes)
    return best


def _hosts(steps: Sequence[Step], tensors: Sequence[_Part]) -> dict[int, int]:
    """For each step that may be computed in place the source whose place it takes."""
    hosts = {}
    for index, step in enumerate(steps):
        dying = (
            source
            for source in step.sources
            if tensors[source].last == index and tensors[source].size >= tensors[index].size
        )
        host = next(dying, None)
        if step.in_place and host is not None:
            hosts[index] = host
    return hosts


def _plan(steps: Sequence[Step], tensors: Sequence[_Part], ties: Mapping[int, int]) -> Plan:
    """A plan in which each step of `ties` begins where the step it is tied to begins."""
    home: list[int] = []  # the first step whose output begins at the same place
    for index in range(len(steps)):
        home.append(home[ties[index]] if index in ties else index)
    firsts = sorted(set(home))
    blocks = [tuple(tensor for tensor, own in zip(tensors, home, strict=True) if own == first) for first in firsts]
    working = [index for index, step in enumerate(steps) if step.scratch]
    blocks += [(_Part(_aligned(steps[index].scratch), index, index),) for index in working]
    live = _largest_live_set(blocks, len(steps))
    offsets = _search(blocks, live)
    of_home = dict(zip(firsts, offsets, strict=False))
    of_scratch = dict(zip(working, offsets[len(firsts) :], strict=True))
    return Plan(
        tuple(of_home[first] for first in home),
        tuple(of_scratch.get(index, 0) for index in range(len(steps))),
        _height(blocks, offsets),
        live,
    )


def _largest_live_set(blocks: Iterable[_Block], steps: int) -> int:
    return max(
        sum(max((part.size for part in block if part.first <= step <= part.last), default=0) for block in blocks)
        for step in range(steps)
    )


def _search(blocks: Sequence[_Block], bound: int) -> list[int]:
    """Offsets of the lowest arena found."""
    rng = random.Random(0)  # the same plan every time
    order = sorted(range(len(blocks)), key=lambda index: -max(part.size for part in blocks[index]))
    best = current = _place(blocks, order)
    for _ in range(_ATTEMPTS):
        if _height(blocks, best) == bound:
            break
        # A block that reaches highest is placed earlier, together with chance against going round in circles.
        top = max(order, key=lambda index: _height([blocks[index]], [current[index]]))
        moved = top if rng.random() < 0.7 else rng.choice(order)
        changed = [index for index in order if index != moved]
        changed.insert(rng.randint(0, order.index(moved)), moved)
        candidate = _place(blocks, changed)
        if _height(blocks, candidate) <= _height(blocks, current) or rng.random() < 0.1:
            order, current = changed, candidate
        if _height(blocks, current) < _height(blocks, best):
            best = current
    return best


def _place(blocks: Sequence[_Block], order: Iterable[int]) -> list[int]:
    """Each block in turn at the lowest offset where it meets none before it."""
    offsets = [0] * len(blocks)
    placed: list[int] = []
    for index in order:
        forbidden = sorted(
            (offsets[other] - part.size, offsets[other] + neighbour.size)
            for other in placed
            for neighbour in blocks[other]
            for part in blocks[index]
            if part.meets(neighbour)
        )
        offset = 0
        for low, high in forbidden:  # open intervals of offsets at which two parts would overlap
            if low < offset < high:
                offset = high
        offsets[index] = offset
        placed.append(index)
    return offsets


def _height(blocks: Iterable[_Block], offsets: Iterable[int]) -> int:
    return max(offset + max(part.size for part in block) for block, offset in zip(blocks, offsets, strict=True))


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT
