"""What is streamed in `proofboard bench link`: recordings, and an image of which every answer is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..build import build_host_library
from ..errors import TargetFault
from ..host_library import HostLibrary
from ..messages import FLAG_TRACE, Result
from ..oracle import Outputs, is_exact
from ..product import NetworkImage, cache_folder, choose_clips, keyword_spotter_image, load_application, open_dataset

APPLICATION = "scream"
FLAGS = FLAG_TRACE  # as in a run: the CRC of every layer is compared too


@dataclass(frozen=True)
class LinkSubject:
    """`pcm`: recordings, int16 [clips, window]; `expected`: what the image's C says of them on this machine."""

    image: NetworkImage
    pcm: NDArray[np.int16]
    expected: Outputs
    labels: tuple[str, ...]

    def check(self, row: int, result: Result) -> None:
        """Raises TargetFault where an answer differs in any bit of logits, class or layers."""
        if not is_exact(self.expected, row, result):
            raise TargetFault("answered otherwise than the same C on this machine", where=f"recording {row}")


def load_subject(clips: int) -> LinkSubject:
    """Field recordings of the scream detector, a fixed choice of `clips`, and the keyword spotter of MLPerf Tiny."""
    dataset = open_dataset(load_application(APPLICATION))
    rows = dataset.indices("field")
    chosen = [rows[index] for index in choose_clips([dataset.clips[row] for row in rows], clips)]
    pcm = np.ascontiguousarray(dataset.pcm[chosen])
    labels = tuple(dataset.clips[row].label for row in chosen)
    image = keyword_spotter_image()
    return LinkSubject(image, pcm, on_this_machine(image, pcm), labels)


def on_this_machine(image: NetworkImage, pcm: NDArray[np.int16]) -> Outputs:
    """What the image's C, compiled for this machine, says of pcm, int16 [clips, window]."""
    library = HostLibrary(
        build_host_library(image.generated, cache=cache_folder()).product,
        features=image.graph.input.size,
        logits=image.graph.output.size,
        layer_bytes=image.layer_bytes,
    )
    found = library.run(pcm)
    ends = np.cumsum([operator.output.bytes for operator in image.graph.operators])
    layers = tuple(np.split(found.layers, ends[:-1], axis=1))
    return Outputs(found.features, found.words, found.classes.astype(np.int64), layers)
