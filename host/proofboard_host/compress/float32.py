"""The baseline's graph: the float32 network as it was trained, nothing taken away. The yardstick of every scheme."""

from __future__ import annotations

import math

import numpy as np

from ..application import Application
from ..graph.graph import Graph
from ..graph.operators import Conv2dFloat, DenseFloat, Operator, Tensor, ToFloat
from ..train.network import FEATURE_SCALE, FloatNetwork
from ..train.trunk import FloatTrunk


def float_graph(network: FloatNetwork, application: Application) -> Graph:
    """The network in float32: int16 features × 2^-8, then its layers."""
    inputs = network.inputs
    shape: tuple[int, ...] = (inputs,) if network.trunk is None else network.trunk.shape
    operators: list[Operator] = [ToFloat("input", FEATURE_SCALE, Tensor(shape, "float32", 1.0))]
    if network.trunk is not None:
        operators += _trunk(network.trunk)
    for index, layer in enumerate(network.layers):
        last = index + 1 == len(network.layers)
        output = Tensor((layer.weights.shape[0],), "float32", 1.0)
        operators.append(DenseFloat(f"dense{index + 1}", layer.weights, layer.bias, "none" if last else "relu", output))
    return Graph(
        "baseline", tuple(application.data.classes), Tensor((inputs,), "int16", FEATURE_SCALE), tuple(operators)
    )


def _trunk(trunk: FloatTrunk) -> list[Operator]:
    """Convolutions, then the mean of each channel as a convolution whose weights are all alike."""
    operators: list[Operator] = []
    for index, convolution in enumerate(trunk.convolutions, start=1):
        step = convolution.step
        operators.append(
            Conv2dFloat(
                f"{'depthwise' if step.depthwise else 'conv'}{index}",
                convolution.weights,
                convolution.bias,
                step.stride,
                step.padding,
                float(np.float32(convolution.pad)),
                "relu",
                step.input_shape,
                Tensor(step.output_shape, "float32", 1.0),
            )
        )
    shape = trunk.convolutions[-1].step.output_shape
    height, width, channels = shape
    weights = np.full((channels, height, width, 1), 1 / math.prod(shape[:2]), np.float32)
    bias, whole = np.zeros(channels, np.float32), Tensor((1, 1, channels), "float32", 1.0)
    operators.append(Conv2dFloat("mean", weights, bias, (1, 1), (0, 0, 0, 0), 0.0, "none", shape, whole))
    return operators
