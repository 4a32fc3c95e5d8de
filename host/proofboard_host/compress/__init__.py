"""Compression: from the trained float32 network to the `Graph` that runs on the target.

A scheme is one function; an application names it in `[compress] scheme`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..errors import ConfigurationFault
from ..graph.graph import Graph
from ..train.network import FloatNetwork
from .float32 import float_graph
from .int8 import compress_int8

__all__ = ["SCHEMES", "Scheme", "compress", "float_graph", "scheme_of"]

Scheme = Callable[[FloatNetwork, npt.NDArray[np.int16], Application], Graph]
"""`scheme(network, calibration, application)`; calibration: int16 features [n, …] of training clips only."""

SCHEMES: Mapping[str, Scheme] = MappingProxyType({"int8": compress_int8, "search": compress_int8})
"""`search` begins with plain int8 and is measured against it; `proofboard_host.search` goes on from there."""


def compress(network: FloatNetwork, calibration: npt.NDArray[np.int16], application: Application) -> Graph:
    """Compress by the scheme that the application names.

    Raises:
        ConfigurationFault: no such scheme.
        ModelFault: the network can't be compressed so.
    """
    return scheme_of(application)(network, calibration, application)


def scheme_of(application: Application) -> Scheme:
    """The scheme that the application names; asked before training, which is long.

    Raises:
        ConfigurationFault: no such scheme.
    """
    name = application.compress.scheme
    if name not in SCHEMES:
        raise ConfigurationFault(
            f"unknown scheme {name!r}",
            where=f"{application.path}: compress.scheme",
            hint=f"known: {', '.join(sorted(SCHEMES))}",
        )
    return SCHEMES[name]
