"""A network, its image, and its answers on a board beside the reference's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from proofboard_harness.build import build_image
from proofboard_harness.elf import Image
from proofboard_harness.oracle import is_exact
from proofboard_harness.plugin import FlashedBoard
from proofboard_harness.product import NetworkImage
from proofboard_harness.spec import BoardSpec
from proofboard_harness.symbols import build_id
from proofboard_harness.target import Identity
from proofboard_host.application import load_application
from proofboard_host.frontend.specification import build_specification
from proofboard_host.graph.graph import Graph

Flash = Callable[[Path], FlashedBoard]


@dataclass(frozen=True)
class Built:
    """A network and its image."""

    network: NetworkImage
    elf: Path

    @classmethod
    def make(cls, graph: Graph, board: BoardSpec, cache: Path) -> Built:
        """Build the image of `graph` for `board`, with the front end of the shipped application."""
        network = network_of(graph)
        return cls(network, build_image(network.generated, board.image_folder, cache=cache).product)

    @property
    def identity(self) -> Identity:
        return Identity(build_id(Image.load(self.elf)), self.network.model_hash)


def network_of(graph: Graph) -> NetworkImage:
    application = load_application("scream")
    return NetworkImage(graph.name, graph, build_specification(application), application.audio.window)


def greeted(flash_board: Flash, built: Built) -> FlashedBoard:
    flashed = flash_board(built.elf)
    flashed.target.greet(built.identity)
    return flashed


def differing(flashed: FlashedBoard, built: Built, pcm: NDArray[np.int16]) -> list[int]:
    expected = built.network.reference(pcm)
    return [row for row, clip in enumerate(pcm) if not is_exact(expected, row, flashed.target.infer(clip))]
