"""The firmware's application around a small network, for this machine: what its parser is tested and fuzzed with."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from graph_example import mixed_graph
from proofboard_harness.build import firmware_folder
from proofboard_host.application import AudioSection, FrontendSection, load_application
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.graph.emit import emit_network, emit_sizes
from proofboard_host.graph.graph import Graph

WINDOW = 1300  # five chunks, the last one of 20 samples


@dataclass(frozen=True)
class SmallProduct:
    """A network, its front end, and the folder that holds their C and `generated_sizes.h`."""

    graph: Graph
    specification: FrontendSpec
    folder: Path

    @property
    def sources(self) -> list[Path]:
        """The generated C."""
        return sorted(self.folder.glob("generated_*.c"))


def emit_small_product(folder: Path) -> SmallProduct:
    """Write a network of every kind of operator and a front end for windows of `WINDOW` samples."""
    application = dataclasses.replace(
        load_application("scream"), audio=AudioSection(16000, WINDOW), frontend=FrontendSection(256, 200, 7, 60, 7600)
    )
    graph, specification = mixed_graph(3, application.features), build_specification(application)
    (folder / "generated_sizes.h").write_text(emit_sizes(graph, window=WINDOW))
    (folder / "generated_network.c").write_text(emit_network(graph, window=WINDOW))
    (folder / "generated_frontend.c").write_text(emit_c(specification))
    return SmallProduct(graph, specification, folder)


def firmware_sources(*without: str) -> list[Path]:
    """The firmware's C but for the files named."""
    return [path for path in sorted((firmware_folder() / "src").glob("*.c")) if path.name not in without]
