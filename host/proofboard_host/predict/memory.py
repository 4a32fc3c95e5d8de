"""What an image will take of flash and RAM, from the graph alone, before anything is linked."""

from __future__ import annotations

from ..graph.graph import Graph
from .cost import predict_arena

FIRMWARE_ROM = 9_530
"""Bytes of flash that are not parameters: code, tables of the front end, constants. Found by linking the shipped
application's two images (9,420 and 9,646); tests/sim/test_prediction.py holds a new image against it."""

FIRMWARE_RAM = 10_344
"""Bytes of RAM that are neither PCM, features nor arena: stack, link buffers, scratch of the front end. Found likewise
(the same in both images)."""

_SAMPLE_BYTES = 2


def predict_rom(graph: Graph) -> int:
    """Bytes of flash: the parameters exactly, the firmware as it was last linked."""
    return graph.parameter_bytes + FIRMWARE_ROM


def predict_ram(graph: Graph, window: int) -> int:
    """Bytes of RAM, stack included, with clips of `window` samples."""
    return _SAMPLE_BYTES * window + graph.input.bytes + predict_arena(graph) + FIRMWARE_RAM
