"""Post-training quantisation to int8 weights and activations, calibrated on training features: the plain scheme."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..graph.graph import Graph
from ..train.network import FloatNetwork
from .integer import Quantisation, quantise_chain
from .layers import chain_of

_CONV_ROWS = 500
"""Calibration clips of a convolutional network: each gives many windows, and all are kept in memory."""


def compress_int8(network: FloatNetwork, calibration: npt.NDArray[np.int16], application: Application) -> Graph:
    """Quantise every layer to 8 bits.

    Args:
        network: the float32 network.
        calibration: int16 features [n, …], n ≥ 1, of training clips only.
        application: for the names of the classes.

    Raises:
        ModelFault: no calibration clip, or a layer whose accumulator could overflow (checked by `Dense`).
    """
    chain = chain_of(network, (1, 1, network.inputs))
    convolutions = () if network.trunk is None else network.trunk.convolutions
    plan = Quantisation((8,) * (len(convolutions) + len(network.layers)))
    few = calibration[:: max(1, len(calibration) // _CONV_ROWS)] if convolutions else calibration
    return quantise_chain(chain, few, plan, name="compressed", classes=application.data.classes)
