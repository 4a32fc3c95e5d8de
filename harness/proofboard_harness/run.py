"""The main job: from recordings to a report, station by station."""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import product, toolchain
from .assemble import Evidence, StreamEvidence, assemble
from .build import build_host_library, build_image
from .elf import Image, sizes
from .errors import BenchFault
from .events import EventBus, JournalOpened
from .host_library import HostLibrary
from .oracle import Outputs
from .product import IMAGES, NetworkImage, Product
from .report.codec import save_record
from .report.html import write_html
from .report.junit import write_junit
from .report.record import RunRecord
from .report.summary import write_summary
from .results import ResultStore
from .spec import BoardSpec
from .stations import Station, open_station
from .stream import StreamClip, StreamJob, StreamOutcome, flashed_target, stream
from .symbols import build_id
from .target import Identity

JOURNAL = "results.sqlite"


@dataclass(frozen=True)
class RunOptions:
    """`clips`: how many field clips to stream, None for all; `stress`: random and adversarial clips on the host's C;
    `resume`: an earlier run's folder to go on with."""

    application: str
    board: BoardSpec
    clips: int | None
    stress: int = 2000
    data: Path | None = None
    runs: Path = Path("runs")
    resume: Path | None = None


@dataclass(frozen=True)
class BuiltImage:
    """An image that can be flashed."""

    network: NetworkImage
    elf: Image
    identity: Identity


def run(options: RunOptions, bus: EventBus) -> tuple[RunRecord, Path]:
    """Run every station; the run's folder holds all of it afterwards.

    Returns:
        The record and the path of the HTML report.
    """
    started = time.monotonic()
    application = product.load_application(options.application)
    _check_run_folder(options)
    for tool in (toolchain.ARM_GCC, toolchain.HOST_CC, toolchain.CMAKE, toolchain.NINJA):
        toolchain.find(tool)  # before the long stations, not after them
    if options.board.simulator is not None:
        toolchain.find(toolchain.QEMU)
    with open_station(bus, "data") as station:
        dataset = product.open_dataset(application, options.data, station)
        station.summary = _describe_dataset(dataset)
    with open_station(bus, "train") as station:
        made = Product.train(application, dataset, station)
        images = made.images()
        station.summary = ", ".join(f"{name}: {image.graph.macs:,} MACs" for name, image in images.items())
        station.cached = made.trained.cached
    folder = options.resume or _make_run_folder(options, application.name)
    made.write_provenance(folder)
    field = dataset.indices("field")
    pcm = np.ascontiguousarray(dataset.pcm[field])
    with open_station(bus, "reference") as station:
        expected = _references(images, pcm, station)
        station.summary = f"{len(pcm)} field clips, both images"
    with open_station(bus, "host") as station:
        host_mismatches = _check_host(images, pcm, expected, made.stress(options.stress), station)
        cases = len(IMAGES) * (len(pcm) + options.stress)
        station.summary = f"{cases} clips, {sum(host_mismatches.values())} differ from the reference"
    with open_station(bus, "build") as station:
        built = {}
        for index, (name, network) in enumerate(images.items()):
            station(index, len(images), name)
            built[name] = _build(network, options.board, folder)
        linked = {name: sizes(image.elf, options.board) for name, image in built.items()}
        station.summary = ", ".join(f"{name} {size.rom_bytes:,} B" for name, size in linked.items())
    clips = [dataset.clips[row] for row in field]
    rows = product.choose_clips(clips, options.clips if options.clips is not None else len(clips))
    chosen = [StreamClip(clips[row].id, "field", clips[row].label, clips[row].group, row) for row in rows]
    streams: dict[str, StreamEvidence] = {}
    with ResultStore(folder / JOURNAL) as store:
        for name, image in built.items():
            store.bind(f"{name}.build_id", image.identity.build_id)
            store.bind(f"{name}.model_hash", image.identity.model_hash)
        bus.publish(JournalOpened(str(folder)))
        for name, image in built.items():
            job = StreamJob(name, image.network.layer_names, dataset.classes, chosen, pcm, expected[name])
            outcome = _stream(job, image, options.board, store, bus)
            streams[name] = StreamEvidence(outcome, tuple(store.results(name)))
    with open_station(bus, "report") as station:
        evidence = Evidence(
            product=made,
            board=options.board,
            folder=folder,
            command=_command(),
            seconds=time.monotonic() - started,
            sizes=linked,
            expected=expected,
            host_cases=len(pcm),
            stress_cases=options.stress,
            host_mismatches=host_mismatches,
            streams=streams,
        )
        record = assemble(evidence)
        report = _write_reports(record, folder)
        station.summary = str(report)
    return record, report


def _describe_dataset(dataset: product.Dataset) -> str:
    parts = []
    for labels, title in ((dataset.labels("train"), "k-fold"), (dataset.labels("field"), "field")):
        counts = ", ".join(f"{np.count_nonzero(labels == index)} {name}" for index, name in enumerate(dataset.classes))
        parts.append(f"{title}: {counts}")
    return "; ".join(parts)


def _references(images: dict[str, NetworkImage], pcm: NDArray[np.int16], station: Station) -> dict[str, Outputs]:
    references = {}
    for index, (name, image) in enumerate(images.items()):
        station(index * len(pcm), len(images) * len(pcm), name)
        references[name] = image.reference(pcm)
    return references


def _check_host(
    images: dict[str, NetworkImage],
    pcm: NDArray[np.int16],
    expected: dict[str, Outputs],
    stress: NDArray[np.int16],
    station: Station,
) -> dict[str, int]:
    """Rung 4 against rung 3: clips in which the host-compiled C differs, by image."""
    mismatches = {}
    cases = len(pcm) + len(stress)
    for index, (name, image) in enumerate(images.items()):
        station(index * cases, len(images) * cases, name)
        library = HostLibrary(
            build_host_library(image.generated, cache=product.cache_folder()).product,
            features=image.graph.input.size,
            logits=image.graph.output.size,
            layer_bytes=image.layer_bytes,
        )
        mismatches[name] = count_mismatches(library, pcm, expected[name])
        mismatches[name] += count_mismatches(library, stress, image.reference(stress))
    return mismatches


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


def _build(image: NetworkImage, board: BoardSpec, folder: Path) -> BuiltImage:
    build = build_image(image.generated, board.folder, cache=product.cache_folder())
    path = folder / f"{image.name}.elf"
    beside = path.with_suffix(".elf.tmp")
    shutil.copyfile(build.product, beside)
    beside.replace(path)
    shutil.copytree(build.generated, folder / f"{image.name}.generated", dirs_exist_ok=True)
    elf = Image.load(path)
    return BuiltImage(image, elf, Identity(build_id(elf), image.model_hash))


def _stream(job: StreamJob, image: BuiltImage, board: BoardSpec, store: ResultStore, bus: EventBus) -> StreamOutcome:
    with open_station(bus, job.image) as station:
        with flashed_target(board, image.elf, image.identity) as (_, target):
            outcome = stream(job, target, board, store, bus, station)
        counts = store.counts(job.image)
        station.summary = (
            f"{counts.clips} clips, {counts.mismatches} not bit-exact, "
            f"{outcome.link.bytes_sent / max(outcome.link.seconds, 1e-9) / 1000:.0f} kB/s"
        )
    return outcome


def _check_run_folder(options: RunOptions) -> None:
    """Refuse before the long stations what would fail after them."""
    if options.resume is not None:
        if not (options.resume / JOURNAL).is_file():
            raise BenchFault(
                "is no run that can be resumed", where=str(options.resume), hint="give the folder of an earlier run"
            )
        return
    try:
        options.runs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(options.runs, error.strerror) from error
    if not os.access(options.runs, os.W_OK | os.X_OK):
        raise _unwritable(options.runs, "you may not write there")


def _make_run_folder(options: RunOptions, name: str) -> Path:
    """A new folder, named for the time; one that began in the same second leaves it to this one to be another."""
    stem = f"{name}-{options.board.name}-{datetime.now():%Y%m%d-%H%M%S}"
    for number in itertools.count(1):
        folder = options.runs / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(options.runs, error.strerror) from error
        return folder
    raise AssertionError("there is always another number")


def _unwritable(runs: Path, reason: str | None) -> BenchFault:
    return BenchFault(
        f"can't hold run folders: {reason}", where=str(runs), hint="choose another place for them with --runs DIR"
    )


def _command() -> str:
    return " ".join(["proofboard", *sys.argv[1:]])


def _write_reports(record: RunRecord, folder: Path) -> Path:
    save_record(record, folder / "record.json")
    write_summary(record, folder / "summary.json")
    write_junit(record, folder / "junit.xml")
    write_html(record, folder / "report.html")
    return folder / "report.html"
