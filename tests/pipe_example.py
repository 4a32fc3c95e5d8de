"""The firmware's application as a program, at the other end of a paced wire."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from graph_example import mixed_graph
from numpy.typing import NDArray
from proofboard_harness.build import build_pipe
from proofboard_harness.link import SerialLink
from proofboard_harness.oracle import is_exact
from proofboard_harness.product import NetworkImage
from proofboard_harness.rate import RateControl
from proofboard_harness.target import Identity, Patience, Target
from proofboard_harness.transport.paced import PacedWire, Quality, open_wire, perfect
from proofboard_host.application import AudioSection, FrontendSection, load_application
from proofboard_host.frontend.specification import build_specification

WINDOW = 1600  # five whole chunks
FIRST_BAUD = 115_200


@dataclass(frozen=True)
class Pipe:
    """A program and what it was made from."""

    network: NetworkImage
    program: Path

    @classmethod
    def make(cls, cache: Path) -> Pipe:
        application = dataclasses.replace(
            load_application("scream"),
            audio=AudioSection(16000, WINDOW),
            frontend=FrontendSection(256, 200, 7, 60, 7600),
        )
        graph = mixed_graph(3, application.features)
        network = NetworkImage("pipe", graph, build_specification(application), WINDOW)
        return cls(network, build_pipe(network.generated, cache=cache).product)

    @property
    def identity(self) -> Identity:
        return Identity("00" * 20, self.network.model_hash)

    @contextlib.contextmanager
    def wired(
        self, fastest: int, quality: Quality = perfect, patience: Patience | None = None, inference_ms: int = 0
    ) -> Iterator[tuple[PacedWire, Target]]:
        """A wire, and a target that nobody has greeted yet; it is busy with a clip for `inference_ms`."""
        environment = {"PROOFBOARD_INFERENCE_US": str(1000 * inference_ms)}
        with open_wire([str(self.program)], FIRST_BAUD, quality, environment=environment) as wire:
            link = SerialLink(wire.url, FIRST_BAUD)
            rate = RateControl(FIRST_BAUD, fastest)
            target = Target(link, lambda: None, hex, patience or Patience(), rate=rate)
            with contextlib.closing(target):
                yield wire, target

    def differing(self, target: Target, pcm: NDArray[np.int16]) -> list[int]:
        """Rows whose answer is not the reference's."""
        expected = self.network.reference(pcm)
        return [row for row, result in enumerate(target.stream(pcm)) if not is_exact(expected, row, result)]
