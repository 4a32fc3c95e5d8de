"""From what the stations left to the one `RunRecord` that table, summary and report are written from."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from . import toolchain
from .elf import Image, ImageSizes, sizes
from .host_check import HostCheck
from .interval import wilson
from .measurement import Source
from .oracle import Outputs
from .product import IMAGES, Product, compare_pairs, is_layer_symbol, layer_of_symbol
from .profile.clips import spread
from .profile.figures import ImageProfile, LayerCost
from .report.record import (
    BitExact,
    BoardFacts,
    Cost,
    ImageRecord,
    LinkFigures,
    PairedComparison,
    Part,
    Proportion,
    Ram,
    Rom,
    Rung,
    RungStatus,
    RunRecord,
    Score,
    SearchRecord,
    WrongClip,
)
from .results import ClipResult
from .size_map import size_map
from .spec import BoardSpec, CostUnit, MemoryKind, TimingSpec
from .stream import StreamOutcome
from .target import Identity
from .transport.inject import FaultPlan

_WRONG_CLIPS = 12
_PACKAGES = ("proofboard", "numpy", "torch", "pyocd", "pyserial")


@dataclass(frozen=True)
class StreamEvidence:
    """What streaming one image gave: the link's figures, and every journalled result."""

    outcome: StreamOutcome
    results: tuple[ClipResult, ...]


@dataclass(frozen=True)
class Evidence:
    """What the stations found out. Mappings are by image; `expected` is the reference over the whole field set, and
    `profiles` is empty on a board."""

    product: Product
    board: BoardSpec
    folder: Path
    command: str
    seconds: float
    elves: Mapping[str, Image]
    identities: Mapping[str, Identity]
    expected: Mapping[str, Outputs]
    stress_cases: int
    host: HostCheck
    streams: Mapping[str, StreamEvidence]
    faults: FaultPlan | None
    profiles: Mapping[str, ImageProfile]
    search: SearchRecord | None


def assemble(evidence: Evidence) -> RunRecord:
    """Count, compare, and name the source of everything."""
    application, dataset = evidence.product.application, evidence.product.dataset
    images = {name: _image_record(evidence, name) for name in IMAGES}
    streamed = [result for name in IMAGES for result in evidence.streams[name].results]
    mismatches = sum(not result.bit_exact for result in streamed)
    first = next((s.outcome.first_mismatch for s in evidence.streams.values() if s.outcome.first_mismatch), "")
    comparison = _comparison(evidence)
    return RunRecord(
        app=application.name,
        title=application.title,
        board=_board_facts(evidence),
        run_folder=str(evidence.folder),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=evidence.seconds,
        command=evidence.command,
        classes=dataset.classes,
        positive=application.data.positive,
        sample_rate=application.audio.sample_rate,
        clips_kfold=len(dataset.indices("train")),
        clips_field=len(dataset.indices("field")),
        interval_method="Wilson score",
        baseline=images["baseline"],
        compressed=images["compressed"],
        bit_exact=BitExact(len(streamed), mismatches, first),
        link=_link(evidence),
        ladder=_ladder(evidence, comparison, len(streamed), mismatches),
        comparison=comparison,
        search=evidence.search,
        wrong_clips=_wrong_clips(evidence),
        tools=_tools(),
        notes=(*dataset.notices, *_notes(evidence)),
    )


def _image_record(evidence: Evidence, name: str) -> ImageRecord:
    product = evidence.product
    network = product.images()[name]
    dataset, classes = product.dataset, product.dataset.classes
    positive = classes.index(product.application.data.positive)
    kfold_labels, kfold = dataset.labels("train"), product.kfold_predictions()[name]
    field_labels, field = dataset.labels("field"), evidence.expected[name].classes
    results = evidence.streams[name].results
    timing, profile = evidence.board.timing, evidence.profiles.get(name)
    linked = sizes(evidence.elves[name], evidence.board)
    predicted = network.predicted_frontend, network.predicted_network
    if profile is None and timing.unit is CostUnit.INSTRUCTIONS:
        predicted = network.predicted_instructions
    frontend = _counted(predicted[0], [result.frontend_cost for result in results], timing)
    inference = _counted(predicted[1], [result.network_cost for result in results], timing)
    return ImageRecord(
        kfold=Score(_proportion(kfold_labels == kfold), recall_host=_recall(kfold_labels, kfold, positive)),
        field=_field_score(field_labels, field, positive, results, classes),
        rom=_rom(evidence.elves[name], linked, network.predicted_rom + evidence.board.own_code.rom),
        ram=_ram(linked, network.predicted_ram + evidence.board.own_code.ram, results),
        macs=network.graph.macs,
        frontend=frontend if profile is None else _modelled(profile.frontend, frontend),
        network=inference if profile is None else _modelled(profile.network, inference),
        confusion_kfold=_confusion(kfold_labels, kfold, len(classes)),
        confusion_field=_confusion(field_labels, field, len(classes)),
        build_id=evidence.identities[name].build_id,
        model_hash=network.model_hash,
        elf_sha256=hashlib.sha256((evidence.folder / f"{name}.elf").read_bytes()).hexdigest(),
        layers=network.layer_facts,
        profile=profile,
    )


def _counted(predicted: float, counts: Sequence[int], timing: TimingSpec) -> Cost:
    """As the board's counter says, over all clips streamed."""
    return Cost(predicted, median(counts), str(timing.unit), timing.source)


def _modelled(cost: LayerCost, counted: Cost) -> Cost:
    """Cycles of a profile; the instructions that the simulator's counter told stay beside them."""
    cycles = cost.measurement(Source.MODELLED)
    return Cost(counted.predicted, cycles.value, cycles.unit, cycles.source, cycles.lower, cycles.upper, counted.target)


def _field_score(
    labels: NDArray[np.int64],
    predicted: NDArray[np.int64],
    positive: int,
    results: Sequence[ClipResult],
    classes: Sequence[str],
) -> Score:
    of_positive = [result for result in results if result.label == classes[positive]]
    return Score(
        host=_proportion(labels == predicted),
        target=_proportion([result.correct for result in results]),
        host_streamed=_proportion([result.host_class == result.label for result in results]),
        recall_host=_recall(labels, predicted, positive),
        recall_target=_proportion([result.correct for result in of_positive]) if of_positive else None,
    )


def _proportion(hits: Sequence[bool] | NDArray[np.bool_]) -> Proportion:
    correct, total = int(np.count_nonzero(hits)), len(hits)
    return Proportion(correct, total, *wilson(correct, total))


def _recall(labels: NDArray[np.int64], predicted: NDArray[np.int64], positive: int) -> Proportion | None:
    of_class = labels == positive
    return _proportion(predicted[of_class] == positive) if of_class.any() else None


def _confusion(labels: NDArray[np.int64], predicted: NDArray[np.int64], classes: int) -> tuple[tuple[int, ...], ...]:
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return tuple(tuple(int(count) for count in row) for row in counts)


def _rom(elf: Image, linked: ImageSizes, predicted: int) -> Rom:
    layers: dict[str, int] = {}
    for symbol in linked.symbols:
        if is_layer_symbol(symbol.name):
            layer = layer_of_symbol(symbol.name)
            layers[layer] = layers.get(layer, 0) + symbol.size
    of_network = sum(piece.size for piece in size_map(elf) if piece.of_network)
    sections = tuple(Part(section.name, section.size) for section in linked.sections if section.loaded)
    parts = tuple(Part(name, size) for name, size in sorted(layers.items()))
    fixed = linked.rom_bytes - of_network
    return Rom(linked.rom_bytes, fixed, sum(layers.values()), predicted, sections=sections, layers=parts)


def _ram(linked: ImageSizes, predicted: int, results: Sequence[ClipResult]) -> Ram:
    stack = sum(section.size for section in linked.sections if section.name == ".stack")
    return Ram(linked.ram_bytes, stack, max(result.stack_high_water for result in results), predicted)


def _comparison(evidence: Evidence) -> PairedComparison:
    """On out-of-fold predictions: the field set decides nothing."""
    margin = evidence.product.application.compress.margin
    dataset, predictions = evidence.product.dataset, evidence.product.kfold_predictions()
    paired = compare_pairs(
        dataset.labels("train"), predictions["baseline"], predictions["compressed"], dataset.groups("train")
    )
    difference = paired.difference
    return PairedComparison(
        split="k-fold",
        difference=difference.value,
        lower=difference.lower,
        upper=difference.upper,
        mcnemar_p=paired.mcnemar_p,
        margin=margin,
        kept=paired.not_worse(margin),
    )


def _ladder(evidence: Evidence, comparison: PairedComparison, streamed: int, mismatches: int) -> tuple[Rung, ...]:
    clips = len(evidence.product.dataset.indices("train"))
    host_cases = len(IMAGES) * evidence.host.cases
    host_mismatches = sum(evidence.host.mismatches.values())
    simulated = evidence.board.simulator is not None
    on_target = _status(mismatches == 0)
    return (
        Rung("float network", "trained in float32, k-fold", clips, None, RungStatus.PASSED),
        Rung("integer reference", "accuracy against the float network", clips, None, _status(comparison.kept)),
        Rung(
            "C on this machine",
            f"against the reference: field clips, {evidence.stress_cases:,} random and adversarial ones; both images",
            host_cases,
            host_mismatches,
            _status(host_mismatches == 0),
        ),
        Rung(
            "simulator",
            "against the reference, from PCM to logits, both images",
            streamed if simulated else 0,
            mismatches if simulated else None,
            on_target if simulated else RungStatus.NOT_RUN,
        ),
        Rung(
            "board",
            "against the reference, from PCM to logits, both images",
            0 if simulated else streamed,
            None if simulated else mismatches,
            RungStatus.NOT_RUN if simulated else on_target,
        ),
    )


def _status(well: bool) -> RungStatus:
    return RungStatus.PASSED if well else RungStatus.FAILED


def _link(evidence: Evidence) -> LinkFigures:
    # A resumed run may have had nothing left to stream to an image: a greeting alone has no rate.
    links = [stream.outcome.link for stream in evidence.streams.values() if stream.outcome.link.pcm_bytes]
    return LinkFigures(
        bytes=sum(link.bytes_sent + link.bytes_received for link in links),
        seconds=sum(link.seconds for link in links),
        retransmits=sum(link.retransmits for link in links),
        crc_errors=sum(link.bad_frames_host + link.bad_frames_target for link in links),
        resets=sum(link.resets for link in links),
        reconnects=sum(link.reconnects for link in links),
        restarts=sum(link.attempts - 1 for link in links),
        injected="" if evidence.faults is None else str(evidence.faults),
        lanes=max(stream.outcome.lanes for stream in evidence.streams.values()),
    )


def _board_facts(evidence: Evidence) -> BoardFacts:
    board = evidence.board
    return BoardFacts(
        board.name,
        board.title,
        board.simulator is not None,
        board.total(MemoryKind.FLASH),
        board.total(MemoryKind.RAM),
        board.image_of or board.name,
        next(iter(evidence.streams.values())).outcome.chip,
    )


def choose_mistakes(labels: NDArray[np.int64], predicted: NDArray[np.int64], most: int) -> list[int]:
    """Rows that were got wrong, at most so many: of each kind of mistake as many, as far as there are, spread over the
    rows of that kind."""
    kinds: dict[tuple[int, int], list[int]] = {}
    for row in np.flatnonzero(labels != predicted):
        kinds.setdefault((int(labels[row]), int(predicted[row])), []).append(int(row))
    shares = dict.fromkeys(kinds, 0)
    left = min(most, sum(map(len, kinds.values())))
    while left:
        for kind in sorted(kinds):
            if left and shares[kind] < len(kinds[kind]):
                shares[kind], left = shares[kind] + 1, left - 1
    return [row for kind in sorted(kinds) for row in (spread(kinds[kind], shares[kind]) if shares[kind] else [])]


def _wrong_clips(evidence: Evidence) -> tuple[WrongClip, ...]:
    """Field clips that the compressed network gets wrong, with their PCM kept for the report's spectrograms."""
    dataset = evidence.product.dataset
    rows, labels = dataset.indices("field"), dataset.labels("field")
    predicted = evidence.expected["compressed"].classes
    folder = evidence.folder / "wrong-clips"
    folder.mkdir(exist_ok=True)
    wrong = []
    for index in choose_mistakes(labels, predicted, _WRONG_CLIPS):
        clip = dataset.clips[rows[index]]
        name = f"{clip.id.replace('@', '-')}.npy"
        sound = io.BytesIO()  # written by Python, because NumPy tells of a full disk without its errno
        np.save(sound, dataset.pcm[rows[index]])
        (folder / name).write_bytes(sound.getvalue())
        wrong.append(
            WrongClip(
                image="compressed",
                clip_id=clip.id,
                origin=f"{clip.package}: {clip.path}",
                label=clip.label,
                predicted=dataset.classes[int(predicted[index])],
                array=f"{folder.name}/{name}",
            )
        )
    return tuple(wrong)


def _tools() -> dict[str, str]:
    versions = {name: metadata.version(name) for name in _PACKAGES}
    return versions | {tool.program: toolchain.version(tool) for tool in toolchain.TOOLS if tool.program != "apt-get"}


def _notes(evidence: Evidence) -> tuple[str, ...]:
    notes = ["The field set was not used to choose anything: not for training, calibration or the accuracy rule."]
    if evidence.board.simulator is not None:
        notes.append(
            "Cycles are modelled: what a Cortex-M33 takes for the instructions that the simulator executed, from no "
            "wait states to the board's. Nothing of this run was measured on a board."
        )
    return tuple(notes)
