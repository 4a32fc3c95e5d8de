"""Cycles and instructions of operators, networks and front ends on the simulator: bare images around the firmware's own
sources, counted by the cycle model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from graph_example import input_tensors
from proofboard_harness.benchmarks.bare_image import BOARD, Case, Unit, compile_units, firmware_unit, link_image
from proofboard_harness.boards import load_board
from proofboard_harness.simulator.cycle_tree import CallTree, Counts
from proofboard_harness.simulator.cycles import run_image
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import FrontendSpec
from proofboard_host.graph.emit import emit_network, layer_symbol
from proofboard_host.graph.emit_operator import C_TYPES, calls, constants, headers, scratch_bytes
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import Operator
from proofboard_host.predict.work_frontend import STAGES

_BATCH = 40  # operators in a C file
_FRAMES = 3
_SECONDS = 300.0
_POOLS = ("input", "output", "scratch")
_FINISH = ("pb_argmax_s32", "pb_argmax_f32", "memcpy")


@dataclass(frozen=True)
class NetworkCount:
    """Of one inference: what is in no layer, and the whole."""

    rest: Counts
    total: Counts


@dataclass(frozen=True)
class FrontendCount:
    """Of a clip of `samples` samples: what is in no stage, each of `STAGES`, and the whole."""

    samples: int
    rest: Counts
    stages: tuple[Counts, ...]
    total: Counts


@dataclass(frozen=True)
class Counted:
    """What was counted, in the order it was given."""

    operators: list[Counts]
    networks: list[NetworkCount]
    frontends: list[FrontendCount]
    image: Path


def count(
    operators: Sequence[Operator], graphs: Sequence[Graph], specifications: Sequence[FrontendSpec], folder: Path
) -> Counted:
    """Build one image with everything in it, run it once, and read its counts. `folder` takes the build."""
    sounds = [spec.skip + spec.frame + i % _FRAMES * spec.hop for i, spec in enumerate(specifications)]
    texts = {
        "pools.c": _pools(operators, graphs, specifications),
        **{f"operators_{start}.c": text for start, text in _operator_batches(operators)},
        **{f"network_{i}.c": _network(i, graph) for i, graph in enumerate(graphs)},
        **{f"frontend_{i}.c": _frontend(i, *pair) for i, pair in enumerate(zip(specifications, sounds, strict=True))},
    }
    paths = [folder / name for name in texts]
    for path in paths:
        path.write_text(texts[path.name], encoding="utf-8")
    kinds = ("operator", operators), ("network", graphs), ("frontend", specifications)
    cases = [Case(f"{kind}_{i}", 1) for kind, members in kinds for i in range(len(members))]
    image = link_image(compile_units([Unit(paths), firmware_unit()], folder), cases, folder)
    run = run_image(image, load_board(BOARD), windows=["main"], seconds=_SECONDS)
    assert run.status == 0, run.output
    (main,) = run.tree.children
    trees = {child.function: child for child in main.children}
    return Counted(
        [_below(trees[f"operator_{i}"]) for i in range(len(operators))],
        [_network_count(trees[f"network_{i}"]) for i in range(len(graphs))],
        [_frontend_count(trees[f"frontend_{i}"], samples) for i, samples in enumerate(sounds)],
        image,
    )


def difference(whole: Counts, parts: Iterable[Counts]) -> Counts:
    """What is in the whole and in none of the parts; cycles without wait states and instructions only."""
    taken = sum(parts, Counts())
    return Counts(whole.instructions - taken.instructions, whole.low - taken.low)


def _below(tree: CallTree) -> Counts:
    """Of all that a function calls."""
    return sum((child.total for child in tree.children), Counts())


def _network_count(tree: CallTree) -> NetworkCount:
    (network,) = tree.children
    layers = (child.total for child in network.children if child.function not in _FINISH)
    return NetworkCount(difference(network.total, layers), network.total)


def _frontend_count(tree: CallTree, samples: int) -> FrontendCount:
    (run,) = tree.children
    stages = tuple(sum((node.total for node in run.find(f"pb_frontend_{stage}")), Counts()) for stage in STAGES)
    return FrontendCount(samples, difference(run.total, stages), stages, run.total)


def _pools(operators: Sequence[Operator], graphs: Sequence[Graph], specifications: Sequence[FrontendSpec]) -> str:
    """What all operators read, write and work in; sound; results of networks and front ends."""
    sizes = {
        "input": max(size * np.dtype(dtype).itemsize for o in operators for dtype, size in input_tensors(o)),
        "output": max(operator.output.bytes for operator in operators),
        "scratch": max(scratch_bytes(operator) for operator in operators),
    }
    sound = np.random.default_rng(1).normal(0, 3000, max(s.skip + s.frame + _FRAMES * s.hop for s in specifications))
    sound[::2] *= 0.5
    features = np.random.default_rng(2).normal(13 * 256, 3 * 256, max(graph.input.size for graph in graphs))
    results = (
        f"int32_t cost_words[{max(graph.output.size for graph in graphs)}];\n",
        f"int16_t cost_bands[{_FRAMES * max(spec.mel_bands for spec in specifications)}];\n",
    )
    buffers = (f"uint32_t cost_{name}[{sizes[name] // 4 + 8}];\n" for name in _POOLS)
    numbers = (_numbers("cost_sound", sound), _numbers("cost_features", features))
    return "".join(["#include <stdint.h>\n", *buffers, *numbers, *results])


def _numbers(name: str, values: np.ndarray) -> str:
    numbers = ", ".join(str(int(value)) for value in np.clip(values, -32768, 32767))
    return f"extern const int16_t {name}[];\nconst int16_t {name}[] = {{{numbers}}};\n"


def _case(name: str, statements: Sequence[str]) -> str:
    body = "".join(f"    {statement}\n" for statement in statements)
    return f"void {name}(void);\nuint8_t {name}__output[1];\nvoid {name}(void) {{\n{body}}}\n"


def _operator_batches(operators: Sequence[Operator]) -> Iterator[tuple[int, str]]:
    for start in range(0, len(operators), _BATCH):
        batch = operators[start : start + _BATCH]
        included = sorted({header for operator in batch for header in headers(operator)})
        head = ["#include <stddef.h>\n", *(f'#include "proofboard/{header}"\n' for header in included)]
        head += [f"extern uint32_t cost_{name}[];\n" for name in _POOLS]
        yield start, "".join([*head, *(_operator(start + i, operator) for i, operator in enumerate(batch))])


def _operator(number: int, operator: Operator) -> str:
    symbol = layer_symbol(number, operator)
    sources = [f"(const {C_TYPES[dtype]} *)cost_input" for dtype, _ in input_tensors(operator)]
    target = f"({C_TYPES[operator.output.dtype]} *)cost_output"
    return constants(operator, symbol) + _case(
        f"operator_{number}", calls(operator, symbol, sources, target, "cost_scratch")
    )


def _network(index: int, graph: Graph) -> str:
    """The generated C under names of its own, so that several networks fit into one image."""
    renames = "".join(
        f"#define {name} {name.removeprefix('pb_generated_')}_of_{index}\n"
        for name in ("pb_generated_network", "pb_generated_network_run", "arena")
    )
    declared = "extern const int16_t cost_features[];\nextern int32_t cost_words[];\n"
    call = f"(void)network_run_of_{index}(cost_features, cost_words, NULL, NULL);"
    return renames + emit_network(graph, window=1) + declared + _case(f"network_{index}", [call])


def _frontend(index: int, specification: FrontendSpec, samples: int) -> str:
    names = f"#define pb_generated_frontend tables_{index}\n#define pb_generated_bins bins_{index}\n"
    declared = "extern const int16_t cost_sound[];\nextern int16_t cost_bands[];\n"
    call = f"(void)pb_frontend_run(&tables_{index}, cost_sound, {samples}, cost_bands, bins_{index});"
    return names + emit_c(specification) + declared + _case(f"frontend_{index}", [call])
