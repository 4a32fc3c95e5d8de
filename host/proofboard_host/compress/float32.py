"""The baseline's graph: the float32 network as it was trained, nothing taken away. The yardstick of every scheme."""

from __future__ import annotations

from ..application import Application
from ..graph.graph import Graph
from ..graph.operators import DenseFloat, Operator, Tensor, ToFloat
from ..train.network import FEATURE_SCALE, FloatNetwork


def float_graph(network: FloatNetwork, application: Application) -> Graph:
    """The network in float32: int16 features × 2^-8, then its layers."""
    inputs = network.widths[0]
    operators: list[Operator] = [ToFloat("input", FEATURE_SCALE, Tensor((inputs,), "float32", 1.0))]
    for index, layer in enumerate(network.layers):
        last = index + 1 == len(network.layers)
        output = Tensor((layer.weights.shape[0],), "float32", 1.0)
        operators.append(DenseFloat(f"dense{index + 1}", layer.weights, layer.bias, "none" if last else "relu", output))
    return Graph(
        "baseline", tuple(application.data.classes), Tensor((inputs,), "int16", FEATURE_SCALE), tuple(operators)
    )
