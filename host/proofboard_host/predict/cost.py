"""What a network will cost on a Cortex-M33, from the graph alone, before anything is compiled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ..frontend.specification import FrontendSpec
from ..graph.graph import Graph
from ..graph.operators import Tensor
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
    """Bytes of RAM for the tensors between operators, exactly: layers take turns between two halves."""
    outputs = [operator.output for operator in graph.operators]
    return sum(_union_bytes(outputs[half::2]) for half in (0, 1))


def _union_bytes(tensors: list[Tensor]) -> int:
    """Size of a C union of arrays: the largest member, up to the strictest alignment."""
    alignment = max((np.dtype(tensor.dtype).itemsize for tensor in tensors), default=1)
    largest = max((tensor.bytes for tensor in tensors), default=0)
    return -(-largest // alignment) * alignment


def _instructions(works: Iterable[Work], coefficients: Coefficients) -> int:
    return round(
        sum(
            rate * amount
            for work in works
            for rate, amount in zip(getattr(coefficients, work.kernel), work.amounts, strict=True)
        )
    )
