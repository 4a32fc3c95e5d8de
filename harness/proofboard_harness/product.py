"""The one module that knows `proofboard_host`: an application goes in, images to build and a test set come out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from proofboard_host.application import Application, AudioSection, FrontendSection, load_application
from proofboard_host.compress import float_graph
from proofboard_host.data import check as data_check
from proofboard_host.data.attribution import write_attribution, write_lock
from proofboard_host.data.build import build_dataset
from proofboard_host.data.check import CheckReport, Row
from proofboard_host.data.clips import Clip, Dataset
from proofboard_host.data.packages import cache_folder
from proofboard_host.frontend import reference as frontend_reference
from proofboard_host.frontend.adversarial import adversarial_clips
from proofboard_host.frontend.emit import emit_c
from proofboard_host.frontend.specification import FrontendSpec, build_specification
from proofboard_host.frontend.subjects import FrontendSubject, FrontendTensors, frontend_subject
from proofboard_host.graph import reference as graph_reference
from proofboard_host.graph.emit import emit_network, emit_sizes, is_layer_symbol, layer_of_symbol
from proofboard_host.graph.examples import ds_cnn
from proofboard_host.graph.graph import Graph, save_graph
from proofboard_host.graph.operators import macs
from proofboard_host.graph.subject_layers import autoencoder_subject, kernel_subjects, keyword_spotter_subject
from proofboard_host.graph.subjects import LayerTensors, Subject
from proofboard_host.predict.coefficients import Unit
from proofboard_host.predict.cost import predict_frontend, predict_layers, predict_network
from proofboard_host.predict.memory import predict_ram, predict_rom
from proofboard_host.progress import Progress, silent
from proofboard_host.rivals.entry import Cell, ContestOrder, ContestResult, MethodResult, VariantResult, hold_contest
from proofboard_host.search.costs import Budgets, Costs
from proofboard_host.search.pipeline import CompressedApplication, SearchResult, compress_application, find_searches
from proofboard_host.search.points import Figures, Point
from proofboard_host.stats import PairedDifference, paired_difference
from proofboard_host.train.pipeline import TrainedApplication, train_application

from .errors import ConfigurationFault
from .oracle import Outputs
from .profile.figures import LayerFacts

__all__ = [
    "IMAGES",
    "Application",
    "Budgets",
    "Cell",
    "CheckReport",
    "Clip",
    "CompressedApplication",
    "ContestOrder",
    "ContestResult",
    "Costs",
    "Dataset",
    "Figures",
    "FrontendSpec",
    "FrontendSubject",
    "FrontendTensors",
    "LayerTensors",
    "Linker",
    "MethodResult",
    "NetworkImage",
    "Point",
    "Product",
    "SearchResult",
    "Subject",
    "TrainedApplication",
    "VariantResult",
    "autoencoder_subject",
    "cache_folder",
    "frontend_subject",
    "is_layer_symbol",
    "kernel_subjects",
    "keyword_spotter_image",
    "keyword_spotter_subject",
    "layer_of_symbol",
    "load_application",
    "open_dataset",
]

IMAGES = ("baseline", "compressed")
KEYWORD_FRONTEND = FrontendSection(frame=512, hop=320, mel_bands=10, f_min=60, f_max=7600)
_SEARCHES, _CONTESTS = "searches", "contests"
_HASH_CHARACTERS = 32  # of the graph's digest: the 16 bytes that hello carries


def open_dataset(application: Application, data: Path | None = None, progress: Progress = silent) -> Dataset:
    """The application's recordings, or a user's own folder, curated; cached.

    Raises:
        ConfigurationFault: neither is named.
        DataFault: a recording, a label or a package is at fault.
    """
    if data is None and not application.data.recipe:
        raise ConfigurationFault(
            "names no recordings", where=f"{application.path}: data.recipe", hint="give your own with --data FOLDER"
        )
    return build_dataset(application, data=data, cache=cache_folder(), progress=progress)


def describe_dataset(dataset: Dataset, application: Application) -> tuple[Row, ...]:
    """What each side has of each class and package."""
    return data_check.show(dataset, sample_rate=application.audio.sample_rate)


def check_dataset(dataset: Dataset, application: Application) -> CheckReport:
    """Every claim about the sides and groups, examined from the samples."""
    return data_check.check(dataset, sample_rate=application.audio.sample_rate)


def compute_features(specification: FrontendSpec, pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """The integer front end's reference: int16 [clips, window] to int16 [clips, features]."""
    features = frontend_reference.run(specification, pcm)
    return features.reshape(len(pcm), math.prod(features.shape[1:]))


@dataclass(frozen=True)
class NetworkImage:
    """One network with all that a build, a comparison and a report need of it."""

    name: str
    graph: Graph
    specification: FrontendSpec
    window: int

    @property
    def model_hash(self) -> str:
        """What hello must say, hex."""
        return self.graph.digest[:_HASH_CHARACTERS]

    @property
    def generated(self) -> dict[str, str]:
        """The generated C: file name to text."""
        return {
            "generated_network.c": emit_network(self.graph, window=self.window),
            "generated_frontend.c": emit_c(self.specification),
            "generated_sizes.h": emit_sizes(self.graph, window=self.window),
        }

    @property
    def layer_names(self) -> tuple[str, ...]:
        """`features`, then each operator, in the order in which the target counts layers."""
        return ("features", *(operator.name for operator in self.graph.operators))

    @property
    def layer_bytes(self) -> int:
        """Bytes of all operators' outputs of one clip."""
        return sum(operator.output.bytes for operator in self.graph.operators)

    @property
    def predicted_rom(self) -> int:
        """Bytes of flash, from the graph and the front end alone."""
        return predict_rom(self.graph, self.specification)

    @property
    def predicted_ram(self) -> int:
        """Bytes of RAM, from the graph, the front end and the window alone."""
        return predict_ram(self.graph, self.specification, self.window)

    @property
    def predicted_frontend(self) -> int:
        """Zero-wait cycles of the front end for one clip, from its specification alone."""
        return predict_frontend(self.specification, self.window)

    @property
    def predicted_network(self) -> int:
        """Zero-wait cycles of one inference, from the graph alone."""
        return predict_network(self.graph)

    @property
    def predicted_instructions(self) -> tuple[int, int]:
        """Instructions of the front end for one clip, and of one inference."""
        unit = Unit.INSTRUCTIONS
        return predict_frontend(self.specification, self.window, unit), predict_network(self.graph, unit)

    @property
    def layer_facts(self) -> tuple[LayerFacts, ...]:
        """What the graph alone says of each operator."""
        predicted = predict_layers(self.graph)
        return tuple(
            LayerFacts(operator.name, type(operator).__name__, macs(operator), cycles)
            for operator, cycles in zip(self.graph.operators, predicted, strict=True)
        )

    def reference(self, pcm: NDArray[np.int16]) -> Outputs:
        """The integer reference, from PCM int16 [clips, window] on."""
        return self.reference_from_features(compute_features(self.specification, pcm))

    def reference_from_features(self, features: NDArray[np.int16]) -> Outputs:
        """The integer reference behind the front end; features int16 [clips, features]."""
        trace = graph_reference.run(self.graph, features)
        words = graph_reference.words(trace.logits)
        return Outputs(features, words, trace.logits.argmax(axis=1), trace.layers)


def keyword_spotter_image() -> NetworkImage:
    """The keyword spotter of MLPerf Tiny behind 49 frames of 10 bands of one second: an image that needs no training.

    Its weights are random, the same at every call: what it costs to stream to and to run is the network's, what it
    says of a sound is nobody's.
    """
    application = load_application("scream")
    application = replace(application, audio=AudioSection(16_000, 16_000), frontend=KEYWORD_FRONTEND)
    return NetworkImage("keywords", ds_cnn(seed=6), build_specification(application), application.audio.window)


class Linker(Protocol):
    """Builds generated C for a board and reads the sizes of what was linked."""

    @property
    def identity(self) -> str:
        """Changes with the firmware, the board and the compiler."""
        ...

    @property
    def clock_hz(self) -> int:
        """Of the board's core."""
        ...

    @property
    def waiting(self) -> float:
        """1 where no memory waits; else what waiting may make of a time, as a factor."""
        ...

    def link(self, generated: Mapping[str, str]) -> tuple[int, int]:
        """Bytes of flash and of RAM."""
        ...


@dataclass(frozen=True)
class _LinkedCosts:
    """What a search wants to know of a graph: its image linked, its cycles predicted."""

    linker: Linker
    window: int

    @property
    def identity(self) -> str:
        return self.linker.identity

    def measure(self, graph: Graph, specification: FrontendSpec) -> Costs:
        image = NetworkImage("compressed", graph, specification, self.window)
        rom, ram = self.linker.link(image.generated)
        cycles = image.predicted_frontend + image.predicted_network
        return Costs(rom, ram, cycles, cycles * self.linker.waiting / self.linker.clock_hz)


def train(application: Application, dataset: Dataset, progress: Progress = silent) -> TrainedApplication:
    """Train, or take what was trained before from the same recordings and settings."""
    return train_application(application, dataset, cache=cache_folder() / "trained", progress=progress)


def compress(
    application: Application,
    dataset: Dataset,
    trained: TrainedApplication,
    linker: Linker,
    budgets: Budgets,
    *,
    progress: Progress = silent,
    watch: Callable[[Point], None] = lambda point: None,
    candidate: int | None = None,
) -> CompressedApplication:
    """Compress, go on with an interrupted search, or take what was found before; see `compress_application`."""
    return compress_application(
        application,
        dataset,
        trained,
        _LinkedCosts(linker, application.audio.window),
        budgets,
        cache=cache_folder() / _SEARCHES,
        progress=progress,
        watch=watch,
        candidate=candidate,
    )


def searches_of(trained: TrainedApplication) -> list[Path]:
    """Folders of all searches, ended or interrupted, that began with this training."""
    return find_searches(cache_folder() / _SEARCHES, trained)


def contest(
    application: Application,
    dataset: Dataset,
    trained: TrainedApplication,
    linker: Linker,
    order: ContestOrder,
    tell: Callable[[str], None],
) -> ContestResult:
    """Compare methods of compression, go on with an interrupted comparison, or take what was found before."""
    costs = _LinkedCosts(linker, application.audio.window)
    return hold_contest(application, dataset, trained, costs, order, cache=cache_folder() / _CONTESTS, tell=tell)


def write_network(compressed: CompressedApplication, path: Path) -> None:
    """The graph that is deployed, as a file."""
    save_graph(compressed.network.graph, path)


@dataclass(frozen=True)
class Product:
    """An application, its recordings, and the two networks trained on them."""

    application: Application
    dataset: Dataset
    trained: TrainedApplication
    compressed: CompressedApplication

    def images(self) -> dict[str, NetworkImage]:
        """`baseline` in float32 and `compressed` in integers, each with the front end it needs."""
        whole = build_specification(self.application)
        window = self.application.audio.window
        baseline = float_graph(self.trained.baseline, self.application)
        return {
            "baseline": NetworkImage("baseline", baseline, whole, window),
            "compressed": NetworkImage(
                "compressed", self.compressed.network.graph, self.compressed.specification(whole), window
            ),
        }

    def kfold_predictions(self) -> dict[str, NDArray[np.int64]]:
        """Out-of-fold class of each training clip, by image."""
        return {
            "baseline": self.trained.oof_baseline.argmax(axis=1),
            "compressed": self.compressed.network.logits.argmax(axis=1),
        }

    def write_provenance(self, folder: Path) -> None:
        """Dataset lock, attribution, and both graphs."""
        write_lock(self.dataset, folder / "dataset.lock.json")
        write_attribution(self.dataset, folder / "ATTRIBUTION.md")
        for name, image in self.images().items():
            save_graph(image.graph, folder / f"{name}.graph.npz")

    def stress(self, count: int) -> NDArray[np.int16]:
        """Random and adversarial PCM, the same for the same count."""
        return adversarial_clips(count, self.application.audio.window, self.application.train.seed)


def generated_clips(count: int, window: int, seed: int = 1) -> NDArray[np.int16]:
    """Random and adversarial PCM, int16 [count, window], the same for the same arguments."""
    return adversarial_clips(count, window, seed)


def choose_clips(clips: Sequence[Clip], count: int) -> list[int]:
    """Rows of a fixed choice of `count` clips, stratified by label and package.

    Each stratum gives its share (largest remainders, at least one); within it the clips with the lowest SHA-256 are
    taken, so that the choice depends on the recordings alone.
    """
    if count >= len(clips):
        return list(range(len(clips)))
    strata: dict[tuple[str, str], list[int]] = {}
    for row, clip in enumerate(clips):
        strata.setdefault((clip.label, clip.package), []).append(row)
    shares = {key: max(1.0, count * len(rows) / len(clips)) for key, rows in strata.items()}
    taken = {key: int(share) for key, share in shares.items()}
    by_remainder = sorted(strata, key=lambda key: taken[key] - shares[key])
    for key in by_remainder[: max(0, count - sum(taken.values()))]:
        taken[key] += 1
    rows = [
        row
        for key, members in sorted(strata.items())
        for row in sorted(members, key=lambda row: (clips[row].sha256, clips[row].start))[: taken[key]]
    ]
    return sorted(rows)


def compare_pairs(
    labels: NDArray[np.int64], baseline: NDArray[np.int64], compressed: NDArray[np.int64], groups: Sequence[str]
) -> PairedDifference:
    """Accuracy of compressed less baseline on the same clips, with its group bootstrap interval and McNemar p.

    The interval holds 90 %, so that its lower end is the one-sided 95 % bound by which the search decides.
    """
    return paired_difference(labels, baseline, compressed, groups, confidence=0.90)
