"""Rung 4 of the ladder against rung 3: the firmware's C on this machine against the integer reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .build import build_host_library
from .host_library import HostLibrary
from .oracle import Outputs
from .product import NetworkImage, cache_folder
from .stations import Station


@dataclass(frozen=True)
class HostCheck:
    """`mismatches`: by image, clips in which the C differs in any bit; `cases` were compared for each image."""

    cases: int
    mismatches: Mapping[str, int]


def check_host(
    images: Mapping[str, NetworkImage], expected: Mapping[str, Outputs], clips: NDArray[np.int16], station: Station
) -> HostCheck:
    """Run every image's C on clips, int16 [clips, window], and compare with what the reference says of them."""
    mismatches = {}
    for index, (name, image) in enumerate(images.items()):
        station(index * len(clips), len(images) * len(clips), name)
        library = HostLibrary(
            build_host_library(image.generated, cache=cache_folder()).product,
            features=image.graph.input.size,
            logits=image.graph.output.size,
            layer_bytes=image.layer_bytes,
        )
        mismatches[name] = count_mismatches(library, clips, expected[name])
    return HostCheck(len(clips), mismatches)


def count_mismatches(library: HostLibrary, pcm: NDArray[np.int16], expected: Outputs) -> int:
    """Clips whose features, layers, logits or class differ from the reference in any bit."""
    actual = library.run(pcm)
    equal = (
        (actual.features == expected.features).all(axis=1)
        & (actual.words == expected.words).all(axis=1)
        & (actual.classes == expected.classes)
        & (actual.layers == expected.packed_layers()).all(axis=1)
    )
    return int(np.count_nonzero(~equal))
