"""From a data set to trained, cross-validated, compressed networks, kept on disk by what they were made of.

A second run with nothing changed reads arrays and does not import PyTorch.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from .. import compress as compress_package
from .. import frontend as frontend_package
from .. import graph as graph_package
from ..application import Application
from ..data.clips import Dataset
from ..errors import ModelFault
from ..graph.graph import Graph, load_graph, save_graph
from ..progress import Progress
from . import __file__ as train_file
from .material import Material
from .network import FloatNetwork
from .network_file import arrays_of, network_of

RESULT, GRAPH, CHECKPOINT, MATERIAL = "result.npz", "compressed.npz", "baseline.pt", "material.npz"


@dataclass(frozen=True, eq=False)
class TrainedApplication:
    """All that training gives; rows follow `dataset.indices("train")`.

    Attributes:
        teachers: the float32 network of each fold, which has not seen it, then the baseline.
        compressed: the graph of plain int8 made of the baseline.
        folds: fold of each training clip [clips].
        oof_baseline: logits of the network that has not seen the clip's fold, float32 [clips, classes].
        oof_compressed: the same for the compressed networks, integers as the target gives them, int32.
        oof_scales: real value of one step of `oof_compressed` [clips].
        key: hash of everything that went in.
        folder: where the files are: `baseline.pt` (PyTorch), `compressed.npz` (the graph), `result.npz`.
        cached: True where nothing was trained now.
    """

    teachers: tuple[FloatNetwork, ...]
    compressed: Graph
    folds: npt.NDArray[np.int64]
    oof_baseline: npt.NDArray[np.float32]
    oof_compressed: npt.NDArray[np.int32]
    oof_scales: npt.NDArray[np.float64]
    key: str
    folder: Path
    cached: bool

    @property
    def baseline(self) -> FloatNetwork:
        """The float32 network, trained on all training clips."""
        return self.teachers[-1]


def train_application(
    application: Application, dataset: Dataset, *, cache: Path, progress: Progress
) -> TrainedApplication:
    """Cross-validate, train and compress, or read the result of having done so.

    Args:
        application: its sections decide everything but the sound.
        dataset: only its training side is touched.
        cache: folder for results, made if need be.
        progress: counts windows and networks together.

    Raises:
        DataFault: too few groups for the folds.
        ConfigurationFault: unknown compression scheme.
    """
    compress_package.scheme_of(application)
    key = training_key(application, dataset)
    folder = cache / key[:16]
    stored = _load(folder, key)
    if stored is not None:
        return stored
    return _train(application, dataset, folder, key, progress)


def training_key(application: Application, dataset: Dataset) -> str:
    """SHA-256 over the data set, the sections that matter, and the code that trains: hex."""
    sections = {
        name: dataclasses.asdict(getattr(application, name))
        for name in ("audio", "data", "frontend", "network", "train")
    }
    sha = hashlib.sha256(dataset.fingerprint.encode())
    sha.update(json.dumps(sections, sort_keys=True).encode())
    sha.update(compress_package.scheme_of(application).__name__.encode())
    for package_file in (train_file, compress_package.__file__, graph_package.__file__, frontend_package.__file__):
        for source in sorted(Path(package_file).parent.glob("*.py")):
            sha.update(source.name.encode() + source.read_bytes())
    return sha.hexdigest()


def _train(
    application: Application, dataset: Dataset, folder: Path, key: str, progress: Progress
) -> TrainedApplication:
    # PyTorch and scikit-learn take seconds to import: only who trains pays.
    from .augment import Augmentation
    from .checkpoint import save_checkpoint
    from .crossval import cross_validate
    from .material import assign_folds, build_material, save_material

    section = application.train
    folds = assign_folds(dataset.labels("train"), dataset.groups("train"), section.folds, section.seed)
    networks = section.folds + 1
    material = build_material(
        application, dataset, folds, plan=Augmentation(), progress=lambda d, t, text="": progress(d, t + networks, text)
    )
    windows = len(material.labels)
    result = cross_validate(
        application, material, progress=lambda d, t, text="": progress(windows + d, windows + t, text)
    )
    trained = TrainedApplication(
        result.teachers,
        result.compressed,
        folds,
        result.oof_baseline,
        result.oof_compressed,
        result.oof_scales,
        key,
        folder,
        cached=False,
    )
    folder.mkdir(parents=True, exist_ok=True)
    save_checkpoint(trained.baseline, folder / CHECKPOINT)
    save_material(material, folder / MATERIAL)
    save_graph(result.compressed, folder / GRAPH)
    _save(trained)
    return trained


def load_material(
    application: Application, dataset: Dataset, trained: TrainedApplication, progress: Progress
) -> Material:
    """What `trained` was trained on: as it was stored, or made again to the last bit."""
    from .augment import Augmentation
    from .material import build_material, read_material

    stored = read_material(trained.folder / MATERIAL)
    if stored is not None:
        return stored
    return build_material(application, dataset, trained.folds, plan=Augmentation(), progress=progress)


def _save(trained: TrainedApplication) -> None:
    """Last of all files: where it is whole, the others are."""
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "key": np.frombuffer(trained.key.encode(), np.uint8),
        "digest": np.frombuffer(trained.compressed.digest.encode(), np.uint8),
        "folds": trained.folds,
        "oof_baseline": trained.oof_baseline,
        "oof_compressed": trained.oof_compressed,
        "oof_scales": trained.oof_scales,
    }
    for fold, network in enumerate(trained.teachers):
        arrays |= {f"network{fold}.{name}": array for name, array in arrays_of(network).items()}
    temporary = trained.folder / (RESULT + ".tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    temporary.replace(trained.folder / RESULT)


def _load(folder: Path, key: str) -> TrainedApplication | None:
    """What is stored under `key`, or None where there is nothing whole: then it is made anew."""
    path = folder / RESULT
    if not path.is_file() or not (folder / CHECKPOINT).is_file() or not (folder / GRAPH).is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        teachers = tuple(_teachers(arrays))
        key_then, digest = (arrays[name].tobytes().decode() for name in ("key", "digest"))
        graph = load_graph(folder / GRAPH)
    except (OSError, BadZipFile, KeyError, ValueError, ModelFault):
        return None
    if not teachers or key_then != key or graph.digest != digest:
        return None
    oof = {name: arrays[name] for name in ("folds", "oof_baseline", "oof_compressed", "oof_scales")}
    return TrainedApplication(teachers, graph, **oof, key=key, folder=folder, cached=True)


def _teachers(arrays: dict[str, npt.NDArray[np.float32]]) -> Iterator[FloatNetwork]:
    for fold in itertools.takewhile(lambda fold: f"network{fold}.weights.0" in arrays, itertools.count()):
        own = f"network{fold}."
        yield network_of({name.removeprefix(own): array for name, array in arrays.items() if name.startswith(own)})
