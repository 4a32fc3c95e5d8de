"""Counts on the simulator and fits the table of `proofboard_host/predict/coefficients.py`.

    python tests/sim/fit_costs.py

prints the table to put there.
"""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from instruction_counts import FrontendCount, NetworkCount, count
from proofboard_host.application import AudioSection, FrontendSection, load_application
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.graph.graph import Graph
from proofboard_host.predict.coefficients import CORTEX_M33, Coefficients
from proofboard_host.predict.work import Work, finish_work, frontend_work, layer_work, stage_work

sys.path.insert(0, str(Path(__file__).parents[1]))
from graph_example import float_graph, integer_graph, mixed_graph

Observation = tuple[Sequence[Work], int]
"""Work, and the instructions that it took."""

_SMALL = 100.0  # instructions: below, an error counts as that of a routine of this size


def fitting_set() -> tuple[list[Graph], list[FrontendSpec]]:
    """Shapes from tiny to half of the largest that matter; every radix and number of stages."""
    shapes = [(64, (9, 3)), (150, (33, 16)), (300, (64, 12, 5, 2)), (480, (16, 30, 8)), (31, (5, 40, 20, 10, 4))]
    graphs = [make(seed, *shape) for seed, shape in enumerate(shapes) for make in (integer_graph, float_graph)]
    graphs += [mixed_graph(seed, 17 * seed) for seed in (1, 2, 3)]  # short and long vectors of each kind
    graphs += [integer_graph(seed, inputs, (outputs,)) for seed, inputs, outputs in ((11, 8, 16), (12, 200, 3))]
    frontends = [(128, 128, 8), (128, 50, 16), (256, 100, 20), (256, 256, 9), (512, 160, 40), (512, 512, 12)]
    frontends += [(1024, 512, 64), (1024, 1000, 24)]
    return graphs, [specification(*shape) for shape in frontends]


def specification(frame: int, hop: int, mel_bands: int, f_min: float = 100.0, f_max: float = 7600.0) -> FrontendSpec:
    """A front end for 16 kHz."""
    frontend = FrontendSection(frame, hop, mel_bands, f_min, f_max)
    application = dataclasses.replace(load_application("scream"), audio=AudioSection(16000, 16000), frontend=frontend)
    return build_specification(application)


def network_observations(graph: Graph, counts: NetworkCount) -> Iterable[Observation]:
    """One for each layer, and the rest."""
    for operator, instructions in zip(graph.operators, counts.layers, strict=True):
        yield layer_work(operator), instructions
    yield (finish_work(graph),), counts.total - sum(counts.layers)


def frontend_observations(spec: FrontendSpec, counts: FrontendCount) -> Iterable[Observation]:
    """One for each stage, and the whole."""
    for work, instructions in zip(stage_work(spec), counts.stages, strict=True):
        yield (work,), instructions
    yield frontend_work(spec, counts.samples), counts.total


def fit(observations: Sequence[Observation]) -> Coefficients:
    """Least squares of the relative errors, all routines at once."""
    columns = [
        (field.name, index)
        for field in dataclasses.fields(Coefficients)
        for index in range(len(getattr(CORTEX_M33, field.name)))
    ]
    matrix = np.zeros((len(observations), len(columns)))
    counted = np.array([float(instructions) for _, instructions in observations])
    for row, (works, _) in enumerate(observations):
        for work in works:
            for index, amount in enumerate(work.amounts):
                matrix[row, columns.index((work.kernel, index))] += amount
    weights = 1 / np.maximum(counted, _SMALL)
    solution, _, rank, _ = np.linalg.lstsq(matrix * weights[:, None], counted * weights, rcond=None)
    assert rank == len(columns), "the fitting set does not tell all amounts apart"
    values: dict[str, tuple[float, ...]] = {}
    for (name, _), value in zip(columns, solution, strict=True):
        values[name] = (*values.get(name, ()), round(float(value), 2))
    return Coefficients(**values)


def main() -> None:
    graphs, specifications = fitting_set()
    with tempfile.TemporaryDirectory() as folder:
        networks, frontends = count(graphs, specifications, Path(folder))
    observations = [o for pair in zip(graphs, networks, strict=True) for o in network_observations(*pair)]
    observations += [o for pair in zip(specifications, frontends, strict=True) for o in frontend_observations(*pair)]
    for name, value in dataclasses.asdict(fit(observations)).items():
        print(f"    {name}={value},")


if __name__ == "__main__":
    main()
