"""Post-training quantisation to int8 weights and activations, calibrated on training features: the plain scheme."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..graph.graph import Graph
from ..train.network import FloatNetwork
from .integer import Quantisation, quantise_chain
from .layers import chain_of


def compress_int8(network: FloatNetwork, calibration: npt.NDArray[np.int16], application: Application) -> Graph:
    """Quantise every layer to 8 bits.

    Args:
        network: the float32 network.
        calibration: int16 features [n, …], n ≥ 1, of training clips only.
        application: for the names of the classes.

    Raises:
        ModelFault: no calibration clip, or a layer whose accumulator could overflow (checked by `Dense`).
    """
    chain = chain_of(network, (1, 1, network.widths[0]))
    plan = Quantisation((8,) * len(network.layers))
    return quantise_chain(chain, calibration, plan, name="compressed", classes=application.data.classes)
