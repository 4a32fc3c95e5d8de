"""A float32 network as named arrays and plain values, for whatever file holds it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..convolutions import ConvStep
from ..errors import ModelFault
from .network import FloatLayer, FloatNetwork
from .trunk import FloatConv, FloatTrunk

Arrays = dict[str, npt.NDArray[np.generic]]


def arrays_of(network: FloatNetwork) -> Arrays:
    """`weights.<i>` and `bias.<i>` of each layer; of convolutions `conv.<i>.weights`, `conv.<i>.bias` and `steps`."""
    arrays: Arrays = {}
    for index, layer in enumerate(network.layers):
        arrays[f"weights.{index}"], arrays[f"bias.{index}"] = layer.weights, layer.bias
    convolutions = () if network.trunk is None else network.trunk.convolutions
    for index, convolution in enumerate(convolutions):
        arrays[f"conv.{index}.weights"], arrays[f"conv.{index}.bias"] = convolution.weights, convolution.bias
    if convolutions:
        steps = [dataclasses.asdict(one.step) | {"pad": one.pad} for one in convolutions]
        arrays["steps"] = np.frombuffer(json.dumps(steps).encode(), np.uint8)
    return arrays


def network_of(arrays: Mapping[str, npt.NDArray[Any]]) -> FloatNetwork:
    """The inverse of `arrays_of`.

    Raises:
        ModelFault: the arrays make no network.
    """
    try:
        count = sum(name.startswith("weights.") for name in arrays)
        layers = tuple(FloatLayer(arrays[f"weights.{index}"], arrays[f"bias.{index}"]) for index in range(count))
        if "steps" not in arrays:
            return FloatNetwork(layers)
        steps = [dict(step) for step in json.loads(arrays["steps"].tobytes())]
        pads = [float(step.pop("pad")) for step in steps]
        convolutions = tuple(
            FloatConv(arrays[f"conv.{index}.weights"], arrays[f"conv.{index}.bias"], _step(step), pad)
            for index, (step, pad) in enumerate(zip(steps, pads, strict=True))
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFault(f"its arrays make no network: {error}", hint="train anew") from error
    return FloatNetwork(layers, FloatTrunk(convolutions))


def _step(values: Mapping[str, Any]) -> ConvStep:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return ConvStep(**fields)
