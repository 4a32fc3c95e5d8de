"""The main job: from recordings to a report, station by station."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import product, toolchain
from .assemble import Evidence, StreamEvidence, assemble
from .bench import board_ports
from .build import Build, build_image
from .compression import Limits, compress_for
from .compression_record import search_record
from .compression_report import FRONT, write_search
from .elf import Image, ImageSizes, sizes
from .events import EventBus, JournalOpened
from .host_check import HostCheck, check_host
from .oracle import Outputs
from .product import (
    IMAGES,
    Application,
    CompressedApplication,
    Dataset,
    FrontendSpec,
    NetworkImage,
    Product,
    TrainedApplication,
)
from .profile.attribution import Predictions
from .profile.clips import KEPT, load_clips, save_clips, spread
from .profile.command import profile_images, save_profiles
from .profile.figures import ImageProfile
from .profile.rows import whole_cycles
from .profile.session import Subject
from .report.codec import save_record
from .report.html import write_html
from .report.junit import write_junit
from .report.record import RunRecord, SearchRecord
from .report.summary import write_summary
from .results import ResultStore
from .run_folder import JOURNAL, check_run_folder, make_run_folder, require_same_images, writing_to
from .simulator.renode import find_renode
from .spec import BoardSpec, QemuSpec, RenodeSpec, VirtualSpec
from .stations import open_station
from .stream import StreamClip, StreamJob, StreamOutcome
from .streaming import Flashable, stream_image
from .symbols import build_id
from .target import Identity
from .transport.inject import FaultPlan

_PROFILED = 2  # clips of each image
_SEARCH = "search"  # folder of the candidates' table and plot


@dataclass(frozen=True)
class RunOptions:
    """`clips`: how many field clips to stream, None for all; `stress`: random and adversarial clips on the host's C;
    `resume`: an earlier run's folder to go on with; `candidate`: deploy this one of the search, not the winner;
    `faults`: what is to go wrong on the link on purpose."""

    application: str
    board: BoardSpec
    clips: int | None
    stress: int = 2000
    data: Path | None = None
    runs: Path = Path("runs")
    resume: Path | None = None
    limits: Limits = field(default_factory=Limits)
    candidate: int | None = None
    faults: FaultPlan | None = None


@dataclass(frozen=True)
class BuiltImage:
    """An image that can be flashed."""

    network: NetworkImage
    elf: Image
    sizes: ImageSizes
    identity: Identity


def run(options: RunOptions, bus: EventBus) -> tuple[RunRecord, Path]:
    """Run every station; the run's folder holds all of it afterwards.

    Returns:
        The record and the path of the HTML report.
    """
    started = time.monotonic()
    application = options.limits.applied(product.load_application(options.application))
    check_run_folder(options.runs, options.resume)
    _check_bench(options.board)
    dataset = _open_dataset(application, options.data, bus)
    trained = _train(application, dataset, bus)
    compressed = compress_for(
        options.board, application, dataset, trained, options.limits, bus, candidate=options.candidate
    )
    made = Product(application, dataset, trained, compressed)
    images = made.images()
    if options.resume is not None:
        require_same_images(options.resume, {f"{name}.model_hash": image.model_hash for name, image in images.items()})
    folder = options.resume or make_run_folder(options.runs, f"{application.name}-{options.board.name}")
    with writing_to(folder):
        made.write_provenance(folder)
        search = _keep_search(compressed, options.candidate, folder)
    pcm = np.ascontiguousarray(dataset.pcm[dataset.indices("field")])
    clips = np.concatenate([pcm, made.stress(options.stress)])
    expected = _refer(images, clips, bus)
    host = _check_host(images, expected, clips, bus)
    with writing_to(folder):
        built = _build(images, options, folder, bus)
    jobs = _jobs(dataset, images, pcm, expected, options.clips)
    streams = _stream_all(jobs, built, options, folder, bus)
    profiles = _profile(jobs, built, options.board, folder, bus)
    with open_station(bus, "report") as station, writing_to(folder):
        record = assemble(
            Evidence(
                product=made,
                board=options.board,
                folder=folder,
                command=shlex.join(["proofboard", *sys.argv[1:]]),
                seconds=time.monotonic() - started,
                elves={name: image.elf for name, image in built.items()},
                identities={name: image.identity for name, image in built.items()},
                expected={name: outputs.head(len(pcm)) for name, outputs in expected.items()},
                stress_cases=options.stress,
                host=host,
                streams=streams,
                faults=options.faults,
                profiles=profiles,
                search=search,
            )
        )
        report = _write_reports(record, folder)
        station.summary = str(report)
    return record, report


def _keep_search(compressed: CompressedApplication, candidate: int | None, folder: Path) -> SearchRecord | None:
    """All candidates into a folder of their own; None where compression only quantised."""
    if compressed.search is None:
        return None
    (folder / _SEARCH).mkdir(exist_ok=True)
    write_search(compressed.search, folder / _SEARCH)
    deployed = compressed.search.winner if candidate is None else candidate
    return search_record(compressed.search, deployed, f"{_SEARCH}/{FRONT}")


def _check_bench(board: BoardSpec) -> None:
    """Tools, and a real board's serial port: before the long stations, not after them."""
    for tool in (toolchain.ARM_GCC, toolchain.HOST_CC, toolchain.CMAKE, toolchain.NINJA):
        toolchain.find(tool)
    match board.simulator:
        case QemuSpec():
            toolchain.find(toolchain.QEMU)
        case RenodeSpec():
            find_renode()
        case None:
            board_ports(board)


def _open_dataset(application: Application, data: Path | None, bus: EventBus) -> Dataset:
    with open_station(bus, "data") as station:
        dataset = product.open_dataset(application, data, station)
        counts = []
        for labels, title in ((dataset.labels("train"), "k-fold"), (dataset.labels("field"), "field")):
            of_class = (f"{np.count_nonzero(labels == index)} {name}" for index, name in enumerate(dataset.classes))
            counts.append(f"{title}: {', '.join(of_class)}")
        station.summary = "; ".join(counts)
    return dataset


def _train(application: Application, dataset: Dataset, bus: EventBus) -> TrainedApplication:
    with open_station(bus, "train") as station:
        trained = product.train(application, dataset, station)
        station.summary = f"baseline: {trained.baseline.macs:,} MACs"
        station.cached = trained.cached
    return trained


def _refer(images: Mapping[str, NetworkImage], clips: NDArray[np.int16], bus: EventBus) -> dict[str, Outputs]:
    """What the integer reference says of every clip, from PCM on; images that share a front end share its features."""
    with open_station(bus, "reference") as station:
        features: dict[FrontendSpec, NDArray[np.int16]] = {}
        expected = {}
        for index, (name, image) in enumerate(images.items()):
            station(index * len(clips), len(images) * len(clips), name)
            if image.specification not in features:
                features[image.specification] = product.compute_features(image.specification, clips)
            expected[name] = image.reference_from_features(features[image.specification])
        station.summary = f"{len(clips):,} clips, both images"
    return expected


def _check_host(
    images: Mapping[str, NetworkImage], expected: Mapping[str, Outputs], clips: NDArray[np.int16], bus: EventBus
) -> HostCheck:
    with open_station(bus, "host") as station:
        host = check_host(images, expected, clips, station)
        differing = sum(host.mismatches.values())
        station.summary = f"{len(IMAGES) * host.cases:,} cases, {differing} differ from the reference"
    return host


def _build(
    images: Mapping[str, NetworkImage], options: RunOptions, folder: Path, bus: EventBus
) -> dict[str, BuiltImage]:
    with open_station(bus, "build") as station:
        builds = {}
        for index, (name, network) in enumerate(images.items()):
            station(index, len(images), name)
            builds[name] = build_image(network.generated, options.board.image_folder, cache=product.cache_folder())
        if options.resume is not None:
            ids = {f"{name}.build_id": build_id(Image.load(build.product)) for name, build in builds.items()}
            require_same_images(options.resume, ids)
        built = {name: _take_image(images[name], build, options.board, folder) for name, build in builds.items()}
        station.summary = ", ".join(f"{name} {image.sizes.rom_bytes:,} B" for name, image in built.items())
        station.cached = all(build.cached for build in builds.values())
    return built


def _take_image(network: NetworkImage, build: Build, board: BoardSpec, folder: Path) -> BuiltImage:
    """Copy a build into the run's folder: what is flashed stays there."""
    path = folder / f"{network.name}.elf"
    beside = path.with_suffix(".elf.tmp")
    try:
        shutil.copyfile(build.product, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    shutil.copytree(build.generated, folder / f"{network.name}.generated", dirs_exist_ok=True)
    image = Image.load(path)
    return BuiltImage(network, image, sizes(image, board), Identity(build_id(image), network.model_hash))


def _jobs(
    dataset: Dataset,
    images: Mapping[str, NetworkImage],
    pcm: NDArray[np.int16],
    expected: Mapping[str, Outputs],
    count: int | None,
) -> list[StreamJob]:
    """The same clips for every image."""
    clips = [dataset.clips[row] for row in dataset.indices("field")]
    rows = product.choose_clips(clips, len(clips) if count is None else count)
    chosen = [StreamClip(clips[row].id, "field", clips[row].label, clips[row].group, row) for row in rows]
    return [
        StreamJob(name, image.layer_names, dataset.classes, chosen, pcm, expected[name])
        for name, image in images.items()
    ]


def _stream_all(
    jobs: list[StreamJob], built: Mapping[str, BuiltImage], options: RunOptions, folder: Path, bus: EventBus
) -> dict[str, StreamEvidence]:
    streams = {}
    with ResultStore(folder / JOURNAL) as store:
        for name, image in built.items():
            store.bind(f"{name}.build_id", image.identity.build_id)
            store.bind(f"{name}.model_hash", image.identity.model_hash)
        bus.publish(JournalOpened(str(folder)))
        for job in jobs:
            outcome = _stream(job, built[job.image], options, store, bus)
            streams[job.image] = StreamEvidence(outcome, tuple(store.results(job.image)))
    return streams


def _stream(job: StreamJob, image: BuiltImage, options: RunOptions, store: ResultStore, bus: EventBus) -> StreamOutcome:
    with open_station(bus, job.image) as station:
        flashable = Flashable(image.elf, image.identity)
        outcome = stream_image(job, flashable, options.board, store, bus, station, options.faults)
        counts = store.counts(job.image)
        link = outcome.link
        how = f"{link.goodput / 1000:,.0f} kB/s" if link.pcm_bytes else "all from the journal"
        station.summary = f"{counts.clips:,} clips, {counts.mismatches:,} not bit-exact, {how}"
    return outcome


def _profile(
    jobs: list[StreamJob], built: Mapping[str, BuiltImage], board: BoardSpec, folder: Path, bus: EventBus
) -> dict[str, ImageProfile]:
    """Keep clips for profiles to come, and make one of each image where a simulator counts cycles."""
    rows = [clip.row for clip in spread(jobs[0].clips, KEPT)]
    save_clips(folder, jobs[0].pcm[rows], {job.image: job.expected.words[rows] for job in jobs})
    if not isinstance(board.simulator, QemuSpec | VirtualSpec):
        return {}
    with open_station(bus, "profile") as station:
        subjects = [_subject(image, folder) for image in built.values()]
        clips = {name: load_clips(folder, name, _PROFILED) for name in built}
        profiles = profile_images(subjects, clips, board, station)
        save_profiles(profiles, folder)
        cycles = (f"{found.image} {whole_cycles(found):,.0f}" for found in profiles)
        station.summary = f"modelled cycles without wait states: {', '.join(cycles)}"
    return {found.image: found for found in profiles}


def _subject(image: BuiltImage, folder: Path) -> Subject:
    network = image.network
    predictions = Predictions(network.layer_facts, network.predicted_frontend, network.predicted_network)
    return Subject(network.name, image.elf.path, folder / f"{network.name}.generated", network.model_hash, predictions)


def _write_reports(record: RunRecord, folder: Path) -> Path:
    save_record(record, folder / "record.json")
    write_summary(record, folder / "summary.json")
    write_junit(record, folder / "junit.xml")
    write_html(record, folder / "report.html")
    return folder / "report.html"
