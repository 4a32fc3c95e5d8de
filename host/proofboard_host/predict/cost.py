"""What a network and its front end will cost on a Cortex-M33, from the graph alone, before anything is compiled.

docs/prediction.md has the formulas and their error. Unless told otherwise, figures are cycles if no memory waits.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..frontend.specification import FrontendSpec
from ..graph.graph import Graph
from . import work_basic, work_spatial
from .coefficients import Coefficients, Unit
from .table import CORTEX_M33
from .work import Work, layer_work
from .work_basic import finish_work
from .work_frontend import frontend_work

REGISTRATIONS = (work_basic, work_spatial)
"""The modules that teach `layer_work` an operator; importing them is enough."""


def predict_network(graph: Graph, unit: Unit = Unit.CYCLES, coefficients: Coefficients = CORTEX_M33) -> int:
    """Of one inference, from features to class."""
    layers = sum(cost(layer_work(operator), unit, coefficients) for operator in graph.operators)
    return round(layers + cost([finish_work(graph)], unit, coefficients))


def predict_layers(graph: Graph, unit: Unit = Unit.CYCLES, coefficients: Coefficients = CORTEX_M33) -> tuple[int, ...]:
    """Of each operator: the calls of its kernels."""
    return tuple(round(cost(layer_work(operator), unit, coefficients)) for operator in graph.operators)


def predict_frontend(
    specification: FrontendSpec, samples: int, unit: Unit = Unit.CYCLES, coefficients: Coefficients = CORTEX_M33
) -> int:
    """Of the features of one clip of `samples` samples."""
    return round(cost(frontend_work(specification, samples), unit, coefficients))


def cost(works: Iterable[Work], unit: Unit, coefficients: Coefficients = CORTEX_M33) -> float:
    """Of some work."""
    return sum(
        amount * coefficients[work.routine][part].of(unit)
        for work in works
        for part, amount in work.amounts.items()
        if amount
    )
