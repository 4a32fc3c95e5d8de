"""What a network will cost on a Cortex-M33, from the graph alone, before anything is compiled."""

from __future__ import annotations

from collections.abc import Iterable

from ..frontend.specification import FrontendSpec
from ..graph.emit import plan_graph
from ..graph.graph import Graph
from .coefficients import CORTEX_M33, Coefficients
from .work import Work, frontend_work, layer_work, network_work


def predict_network(graph: Graph, coefficients: Coefficients = CORTEX_M33) -> int:
    """Instructions of one inference."""
    return _instructions(network_work(graph), coefficients)


def predict_layers(graph: Graph, coefficients: Coefficients = CORTEX_M33) -> tuple[int, ...]:
    """Instructions of each operator."""
    return tuple(_instructions(layer_work(operator), coefficients) for operator in graph.operators)


def predict_frontend(specification: FrontendSpec, samples: int, coefficients: Coefficients = CORTEX_M33) -> int:
    """Instructions of the features of one clip of `samples` samples."""
    return _instructions(frontend_work(specification, samples), coefficients)


def predict_arena(graph: Graph) -> int:
    """Bytes of RAM for outputs and working memory of the operators, exactly: the generated C has this plan."""
    return plan_graph(graph).bytes


def _instructions(works: Iterable[Work], coefficients: Coefficients) -> int:
    return round(
        sum(
            rate * amount
            for work in works
            for rate, amount in zip(getattr(coefficients, work.kernel), work.amounts, strict=True)
        )
    )
