"""Thousands of random operators in one program: their C as the generator writes it, the firmware's kernels, a driver
that feeds them from a file, and what the integer reference answers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from graph_example import OPERATORS, input_tensors, random_input
from proofboard_harness.build import firmware_folder
from proofboard_host.graph import reference
from proofboard_host.graph.emit import layer_symbol
from proofboard_host.graph.emit_operator import C_TYPES, calls, constants, headers, in_place, scratch_bytes
from proofboard_host.graph.operators import Operator

RUNS = 4
"""Inputs of each call: RUNS of c/kernel_case.h."""

RUNS_WANTED = 14_400
"""Of all calls together: over 10,000 of integer operators, on this machine and on the simulator each."""

DRIVER = Path(__file__).parent / "unit" / "c" / "kernels_driver.c"
HEADER = DRIVER.with_name("kernel_case.h")
_BATCH = 100  # calls in a C file
_JOBS = 2


@dataclass(frozen=True)
class Call:
    """An operator, and which of its sources is also its target, if any."""

    operator: Operator
    shared: int | None


@dataclass(frozen=True)
class Exchange:
    """What a call is fed, and what the reference answers, RUNS times."""

    inputs: tuple[bytes, ...]
    outputs: tuple[bytes, ...]


def random_calls(seed: int, count: int, kinds: Sequence[str] = tuple(OPERATORS)) -> list[Call]:
    """At least `count` calls, of each kind of operator as many; those that may run in place also do so."""
    rng = np.random.default_rng(seed)
    calls_made: list[Call] = []
    while len(calls_made) < count:
        for make in map(OPERATORS.__getitem__, kinds):
            operator = make(rng)
            fits = [place for place, size in enumerate(_source_bytes(operator)) if size >= operator.output.bytes]
            calls_made += [Call(operator, place) for place in (None, *(fits if in_place(operator) else ()))]
    return calls_made


def random_exchanges(seed: int, every: Sequence[Call]) -> list[Exchange]:
    """Random inputs, extremes among them, and the reference's outputs."""
    rng = np.random.default_rng(seed)
    return [
        exchange(call, *(_random_rows(rng, dtype, size) for dtype, size in input_tensors(call.operator)))
        for call in every
    ]


def exchange(call: Call, *sources: np.ndarray) -> Exchange:
    """The sources, each [RUNS, size], and the reference's outputs."""
    outputs = reference.apply(call.operator, *sources)
    inputs = tuple(b"".join(source[run].tobytes() for source in sources) for run in range(RUNS))
    return Exchange(inputs, tuple(row.tobytes() for row in outputs))


def input_bytes(every: Sequence[Exchange]) -> bytes:
    """What the driver reads."""
    return b"".join(part for one in every for part in one.inputs)


def operator_sources() -> list[Path]:
    """The firmware's C apart from its application, as its build file has it."""
    firmware = firmware_folder()
    found = re.search(r"set\(application ([^)]*)\)", (firmware / "CMakeLists.txt").read_text("utf-8"))
    assert found is not None
    application = {firmware / name for name in found[1].split()}
    return [path for path in sorted((firmware / "src").glob("*.c")) if path not in application]


def first_difference(every: Sequence[Call], expected: Sequence[Exchange], got: bytes) -> str | None:
    """The first call and input whose output is not the reference's; None if there is none."""
    start = 0
    for number, (call, one) in enumerate(zip(every, expected, strict=True)):
        for run, output in enumerate(one.outputs):
            answer = got[start : start + len(output)]
            if answer != output:
                dtype = call.operator.output.dtype
                values = [np.frombuffer(data, dtype) for data in (answer, output)] if len(answer) == len(output) else ""
                return f"call {number}, input {run}, in place {call.shared}: {call.operator}: {values}"
            start += len(output)
    return None if start == len(got) else f"{len(got) - start} bytes too many"


def write_calls(every: Sequence[Call], folder: Path) -> list[Path]:
    """The C files of all calls and the table that `c/kernels_driver.c` walks through."""
    batches = [every[start : start + _BATCH] for start in range(0, len(every), _BATCH)]
    files = []
    for number, batch in enumerate(batches):
        files.append(folder / f"cases_{number}.c")
        files[-1].write_text("\n".join(_batch(number, batch)), encoding="utf-8")
    table = folder / "cases.c"
    declared = "".join(f"extern const kernel_case cases_{number}[];\n" for number in range(len(batches)))
    rows = ", ".join(f"{{cases_{number}, {len(batch)}}}" for number, batch in enumerate(batches))
    table.write_text(
        f'#include "{HEADER}"\n{declared}const kernel_batch kernel_batches[] = {{{rows}}};\n'
        f"const uint32_t kernel_batch_count = {len(batches)};\n",
        encoding="utf-8",
    )
    return [*files, table]


def compile_all(command: Sequence[str], sources: Sequence[Path], folder: Path) -> list[str]:
    """Object files; `command` is the compiler with its options."""

    def compile_one(numbered: tuple[int, Path]) -> str:
        number, source = numbered
        target = str(folder / f"{number}_{source.stem}.o")
        subprocess.run([*command, "-c", str(source), "-o", target], check=True)
        return target

    with ThreadPoolExecutor(_JOBS) as pool:
        return list(pool.map(compile_one, enumerate(sources)))


def _batch(number: int, batch: Sequence[Call]) -> Iterator[str]:
    included = {header for call in batch for header in headers(call.operator)}
    yield f'#include "{HEADER}"\n#include <stddef.h>'
    yield from (f'#include "proofboard/{header}"' for header in sorted(included))
    rows = []
    for index, call in enumerate(batch):
        yield from _definitions(index, call)
        rows.append(_row(index, call))
    yield f"extern const kernel_case cases_{number}[];"
    yield f"const kernel_case cases_{number}[] = {{\n" + ",\n".join(rows) + "};\n"


def _source_bytes(operator: Operator) -> list[int]:
    return [size * np.dtype(dtype).itemsize for dtype, size in input_tensors(operator)]


def _target(index: int, call: Call) -> str:
    return f"case_{index}_target" if call.shared is None else f"case_{index}_source_{call.shared}"


def _definitions(index: int, call: Call) -> Iterator[str]:
    operator, scratch = call.operator, scratch_bytes(call.operator)
    arrays = [(f"source_{place}", size) for place, size in enumerate(_source_bytes(operator))]
    arrays += [("target", operator.output.bytes)] if call.shared is None else []
    arrays += [("scratch", scratch)] if scratch else []
    symbol = layer_symbol(index, operator)
    yield constants(operator, symbol)
    for name, size in arrays:
        yield f"static uint8_t case_{index}_{name}[{size} + GUARD] __attribute__((aligned(4)));"
    sources = [
        f"(const {C_TYPES[dtype]} *)case_{index}_source_{place}"
        for place, (dtype, _) in enumerate(input_tensors(operator))
    ]
    target = f"(({C_TYPES[operator.output.dtype]} *){_target(index, call)})"
    yield f"static void case_{index}_run(void) {{"
    yield from calls(operator, symbol, sources, target, f"case_{index}_scratch" if scratch else "NULL")
    yield "}"


def _row(index: int, call: Call) -> str:
    scratch = scratch_bytes(call.operator)
    taken = enumerate(_source_bytes(call.operator))
    sources = ", ".join(f"{{case_{index}_source_{place}, {size}}}" for place, size in taken)
    working = f"{{case_{index}_scratch, {scratch}}}" if scratch else "{NULL, 0}"
    target = f"{{{_target(index, call)}, {call.operator.output.bytes}}}"
    return f"    {{case_{index}_run, {{{sources}}}, {target}, {working}}}"


def _random_rows(rng: np.random.Generator, dtype: str, size: int) -> np.ndarray:
    return np.stack([random_input(rng, dtype, (size,)) for _ in range(RUNS)])
