"""Files of a search: each candidate's graph, inputs and out-of-fold answers, so that any of them can be built later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from ..errors import ModelFault
from ..graph.graph import Graph, load_graph, save_graph
from .inputs import Inputs, inputs_from_json


@dataclass(frozen=True, eq=False)
class Compressed:
    """A compressed network as it is deployed.

    Attributes:
        graph: from all clips; reads the features that `inputs` leaves.
        inputs: None for all features.
        logits, scales: out of fold, int32 [clips, classes] and [clips].
    """

    graph: Graph
    inputs: Inputs | None
    logits: npt.NDArray[np.int32]
    scales: npt.NDArray[np.float64]

    @property
    def real_logits(self) -> npt.NDArray[np.float64]:
        """Out-of-fold logits as real values [clips, classes]."""
        return np.asarray(self.logits * self.scales[:, None])


def save_compressed(compressed: Compressed, folder: Path, stem: str) -> None:
    """Write `<stem>.graph.npz`, then `<stem>.answers.npz`: where the second is, the first is whole."""
    save_graph(compressed.graph, folder / f"{stem}.graph.npz")
    inputs = json.dumps(None if compressed.inputs is None else compressed.inputs.to_json())
    path = folder / f"{stem}.answers.npz"
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(
            file,
            allow_pickle=False,
            inputs=np.frombuffer(inputs.encode(), np.uint8),
            digest=np.frombuffer(compressed.graph.digest.encode(), np.uint8),
            logits=compressed.logits,
            scales=compressed.scales,
        )
    temporary.replace(path)


def load_compressed(folder: Path, stem: str) -> Compressed:
    """Read back what `save_compressed` wrote.

    Raises:
        ModelFault: it is not there, or not what was written.
    """
    path = folder / f"{stem}.answers.npz"
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        inputs = json.loads(arrays["inputs"].tobytes())
        digest = arrays["digest"].tobytes().decode()
        logits, scales = arrays["logits"], arrays["scales"]
    except (OSError, BadZipFile, KeyError, ValueError) as error:
        raise ModelFault("is not a compressed network", where=str(path), hint="search anew") from error
    graph = load_graph(folder / f"{stem}.graph.npz")
    if graph.digest != digest:
        raise ModelFault("belongs to another graph than the one beside it", where=str(path), hint="search anew")
    return Compressed(graph, None if inputs is None else inputs_from_json(inputs), logits, scales)


def save_json(values: Mapping[str, Any], path: Path) -> None:
    """Write `values`; the file is whole or not there."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_text(json.dumps(values, indent=1), encoding="utf-8")
    temporary.replace(path)
