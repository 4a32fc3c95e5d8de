"""Counts on the simulator, fits the costs of `proofboard_host/predict/table.py` and checks them on other shapes.

    python tests/sim/fit_costs.py [--write]

prints the errors on shapes that the fit has not seen; `--write` puts the new table into its module first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from cost_counts import Counted, count
from cost_shapes import (
    HELD_OUT_ROUNDS,
    HELD_OUT_SEED,
    fitted_frontends,
    fitted_graphs,
    fitted_operators,
    held_out_frontends,
    held_out_graphs,
    random_operators,
)
from proofboard_harness.simulator.cycle_tree import Counts
from proofboard_host.frontend.specification import FrontendSpec
from proofboard_host.graph.graph import Graph
from proofboard_host.graph.operators import Operator
from proofboard_host.predict import table
from proofboard_host.predict.coefficients import Coefficients, Rate, Unit
from proofboard_host.predict.cost import cost
from proofboard_host.predict.work import Work, layer_work
from proofboard_host.predict.work_basic import finish_work
from proofboard_host.predict.work_frontend import frontend_work

SMALL = 200.0
"""Cycles: below, an error counts as that of a routine of this size."""

_MISSING = 1e-9  # of the largest singular value: amounts that the shapes do not tell apart

_TABLE = '''"""The costs of the firmware's routines, by `tests/sim/fit_costs.py --write`; docs/prediction.md says how.

Modelled Cortex-M33 cycles without wait states and executed instructions, for GCC 12.2 and the flags of
`firmware/CMakeLists.txt`.
"""

from __future__ import annotations

from types import MappingProxyType

from .coefficients import Coefficients, Rate

CORTEX_M33: Coefficients = MappingProxyType(
    {
'''


@dataclass(frozen=True)
class Observation:
    """Work, and what it took. `kind` and `name` are for people."""

    kind: str
    name: str
    work: tuple[Work, ...]
    counts: Counts

    def counted(self, unit: Unit) -> int:
        """In that unit."""
        return self.counts.low if unit is Unit.CYCLES else self.counts.instructions

    def error(self, unit: Unit, coefficients: Coefficients) -> float:
        """Relative error of the prediction."""
        counted = self.counted(unit)
        return (cost(self.work, unit, coefficients) - counted) / max(counted, SMALL)


def observe(
    operators: Sequence[Operator], graphs: Mapping[str, Graph], frontends: Mapping[str, FrontendSpec], counted: Counted
) -> Iterator[Observation]:
    """Everything counted: operators, what is in no layer, front ends by stage."""
    for operator, counts in zip(operators, counted.operators, strict=True):
        yield Observation(type(operator).__name__, _shape(operator), layer_work(operator), counts)
    for (name, graph), network in zip(graphs.items(), counted.networks, strict=True):
        yield Observation("rest of a network", name, (finish_work(graph),), network.rest)
    for (name, spec), frontend in zip(frontends.items(), counted.frontends, strict=True):
        works = frontend_work(spec, frontend.samples)
        for work, counts in zip(works, (frontend.rest, *frontend.stages), strict=True):
            yield Observation(f"stage {work.routine}", name, (work,), counts)


def observe_wholes(
    graphs: Mapping[str, Graph], frontends: Mapping[str, FrontendSpec], counted: Counted
) -> Iterator[Observation]:
    """Whole networks and whole front ends."""
    for (name, graph), network in zip(graphs.items(), counted.networks, strict=True):
        works = (*(work for operator in graph.operators for work in layer_work(operator)), finish_work(graph))
        yield Observation("whole network", name, works, network.total)
    for (name, spec), frontend in zip(frontends.items(), counted.frontends, strict=True):
        yield Observation("whole front end", name, frontend_work(spec, frontend.samples), frontend.total)


def held_out_layers() -> list[Operator]:
    """Random operators, and those of the networks that are held out."""
    drawn = random_operators(HELD_OUT_SEED, HELD_OUT_ROUNDS)
    return [*drawn, *(o for graph in held_out_graphs().values() for o in graph.operators)]


def count_held_out(folder: Path) -> Counted:
    """Count what the fit does not see."""
    return count(held_out_layers(), list(held_out_graphs().values()), list(held_out_frontends().values()), folder)


def held_out(counted: Counted) -> list[Observation]:
    """What `count_held_out` counted."""
    operators, graphs, frontends = held_out_layers(), held_out_graphs(), held_out_frontends()
    return [*observe(operators, graphs, frontends, counted), *observe_wholes(graphs, frontends, counted)]


def fitted(folder: Path) -> list[Observation]:
    """Count what the fit sees."""
    operators = fitted_operators()
    graphs = {f"{i}": graph for i, graph in enumerate(fitted_graphs())}
    frontends = {f"{i}": spec for i, spec in enumerate(fitted_frontends())}
    counted = count(operators, list(graphs.values()), list(frontends.values()), folder)
    return list(observe(operators, graphs, frontends, counted))


def fit(observations: Sequence[Observation]) -> Coefficients:
    """Least squares of the relative errors, all routines at once."""
    columns = list(
        dict.fromkeys((work.routine, part) for o in observations for work in o.work for part in work.amounts)
    )
    position = {column: number for number, column in enumerate(columns)}
    matrix = np.zeros((len(observations), len(columns)))
    for row, observation in enumerate(observations):
        for work in observation.work:
            for part, amount in work.amounts.items():
                matrix[row, position[work.routine, part]] += amount
    solutions = []
    for unit in Unit:
        counted = np.array([float(observation.counted(unit)) for observation in observations])
        weights = 1 / np.maximum(counted, SMALL)
        weighted = matrix * weights[:, None]
        scale = np.linalg.norm(weighted, axis=0)
        assert scale.all(), f"never seen: {[columns[i] for i in np.flatnonzero(scale == 0)]}"
        _check_rank(weighted / scale, columns)
        solution = np.linalg.lstsq(weighted / scale, counted * weights, rcond=None)[0] / scale
        solutions.append(solution)
    values: dict[str, dict[str, Rate]] = defaultdict(dict)
    for (routine, part), *rates in zip(columns, *solutions, strict=True):
        values[routine][part] = Rate(*(round(float(rate), 2) + 0.0 for rate in rates))
    return values


def _check_rank(matrix: np.ndarray, columns: Sequence[tuple[str, str]]) -> None:
    _, singular, rows = np.linalg.svd(matrix)
    for row, value in zip(rows, singular, strict=False):
        mixed = [column for column, share in zip(columns, row, strict=True) if abs(share) > 0.05]
        assert value > _MISSING * singular[0], f"the shapes do not tell these apart: {mixed}"


def table_text(coefficients: Coefficients) -> str:
    """The module of a table of costs."""
    lines = []
    for routine, parts in coefficients.items():
        lines += [f'        "{routine}": {{\n']
        lines += [f'            "{part}": Rate({rate.cycles}, {rate.instructions}),\n' for part, rate in parts.items()]
        lines += ["        },\n"]
    return "".join([_TABLE, *lines, "    }\n)\n"])


def error_table(observations: Iterable[Observation], coefficients: Coefficients) -> str:
    """Errors by kind, as Markdown; single rows for whole networks and front ends."""
    kinds: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        whole = observation.kind.startswith("whole")
        kinds[f"{observation.kind}: {observation.name}" if whole else observation.kind].append(observation)
    lines = ["| | shapes | cycles | mean error | largest error | instructions: largest error |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, members in kinds.items():
        errors = [member.error(Unit.CYCLES, coefficients) for member in members]
        others = [member.error(Unit.INSTRUCTIONS, coefficients) for member in members]
        counted = sorted(member.counts.low for member in members)
        span = f"{counted[0]:,}" if len(counted) == 1 else f"{counted[0]:,} to {counted[-1]:,}"
        mean = float(np.mean(np.abs(errors)))
        largest, other = (max(values, key=abs) for values in (errors, others))
        lines.append(f"| {kind} | {len(members)} | {span} | {mean:.2%} | {largest:+.2%} | {other:+.2%} |")
    return "\n".join(lines)


def _shape(operator: Operator) -> str:
    weights = getattr(operator, "weights", None)
    bits = getattr(operator, "bits", "")
    return f"{'' if weights is None else weights.shape} {bits} to {operator.output.shape}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits and checks the prediction of cycles.")
    parser.add_argument("--write", action="store_true", help="replace the table by the new fit")
    options = parser.parse_args()
    coefficients: Coefficients = table.CORTEX_M33
    with tempfile.TemporaryDirectory() as folder:
        if options.write:
            coefficients = fit(fitted(Path(folder)))
            Path(table.__file__).write_text(table_text(coefficients), encoding="utf-8")
        print(error_table(held_out(count_held_out(Path(folder))), coefficients))


if __name__ == "__main__":
    main()
