"""A made-up run with the shape and the sizes of a real one. Its figures are no result of anything."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from proofboard_harness.interval import wilson
from proofboard_harness.measurement import Source
from proofboard_harness.profile.figures import Cycles, Frame, FunctionCost, ImageProfile, LayerCost
from proofboard_harness.report.record import (
    BitExact,
    BoardFacts,
    CandidateRecord,
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


def share(correct: int, total: int) -> Proportion:
    return Proportion(correct, total, *wilson(correct, total))


def _cycles(low: float) -> Cycles:
    return Cycles(low, 1.4 * low, 0.9 * low, 0.8 * low, 0.3 * low)


FRONTEND = LayerCost("front end", "", 1, _cycles(1_908_311), 1_912_400)
BASELINE_NETWORK = LayerCost("network", "", 1, _cycles(783_902), 781_000, 129_576)
COMPRESSED_NETWORK = LayerCost("network", "", 1, _cycles(154_116), 152_000, 129_576)


def _cost(cost: LayerCost) -> Cost:
    cycles = cost.cycles
    assert cost.predicted is not None
    return Cost(cost.predicted, cycles.low, "cycles", Source.MODELLED, cycles.low, cycles.high, cycles.instructions)


def profile(image: str, network: LayerCost, kind: str) -> ImageProfile:
    """Two stages, two layers; a function below one of each."""
    fft, mel = (Frame(f"pb_frontend_{name}", "frontend", 31, _cycles(900_000)) for name in ("fft", "mel"))
    first, second = 0.9 * network.cycles.low, 0.1 * network.cycles.low - 100
    hidden = Frame("hidden", "network", 1, _cycles(first), (Frame("pb_dense_run", "network", 1, _cycles(first)),))
    logits = Frame("logits", "network", 1, _cycles(second), (Frame("pb_dense_run", "network", 1, _cycles(second)),))
    return ImageProfile(
        image=image,
        clips=2,
        mismatches=0,
        source=Source.MODELLED,
        clock_hz=20_000_000,
        frontend=FRONTEND,
        network=network,
        stages=(
            LayerCost("fft", "", 31, _cycles(900_000)),
            LayerCost("mel", "", 31, _cycles(900_000)),
            LayerCost("rest", "", 1, _cycles(108_311)),
        ),
        layers=(
            LayerCost("hidden", kind, 1, _cycles(first), 1.02 * first, 126_976),
            LayerCost("logits", kind, 1, _cycles(second), 0.99 * second, 2_600),
            LayerCost("rest", "", 1, _cycles(100), 100),
        ),
        functions=(FunctionCost("pb_frontend_fft", 31, _cycles(900_000), _cycles(900_000)),),
        frames=(
            Frame("front end", "frontend", 1, FRONTEND.cycles, (fft, mel)),
            Frame("network", "network", 1, network.cycles, (hidden, logits)),
        ),
    )


def baseline() -> ImageRecord:
    return ImageRecord(
        kfold=Score(share(2339, 2412), recall_host=share(571, 602)),
        field=Score(
            share(296, 324), share(183, 200), share(183, 200), recall_host=share(104, 118), recall_target=share(64, 73)
        ),
        rom=Rom(
            total=537_520,
            fixed=17_412,
            weights=518_904,
            predicted=536_900,
            sections=(Part(".vectors", 512), Part(".text", 15_208), Part(".rodata", 521_800)),
            layers=(Part("dense 992→128", 508_416), Part("dense 128→20", 10_320), Part("dense 20→2", 168)),
        ),
        ram=Ram(total=52_480, stack_reserved=4096, stack_high_water=1480, predicted=52_224),
        macs=129_576,
        frontend=_cost(FRONTEND),
        network=_cost(BASELINE_NETWORK),
        confusion_kfold=((1768, 42), (31, 571)),
        confusion_field=((192, 14), (14, 104)),
        profile=profile("baseline", BASELINE_NETWORK, "DenseFloat"),
    )


def compressed() -> ImageRecord:
    return ImageRecord(
        kfold=Score(share(2335, 2412), recall_host=share(569, 602)),
        field=Score(
            share(295, 324), share(183, 200), share(183, 200), recall_host=share(103, 118), recall_target=share(64, 73)
        ),
        rom=Rom(
            total=148_772,
            fixed=17_412,
            weights=130_176,
            predicted=148_320,
            sections=(Part(".vectors", 512), Part(".text", 16_020), Part(".rodata", 132_240)),
            layers=(Part("dense 992→128", 127_488), Part("dense 128→20", 2640), Part("dense 20→2", 48)),
        ),
        ram=Ram(total=44_288, stack_reserved=4096, stack_high_water=1416, predicted=44_032),
        macs=129_576,
        frontend=_cost(FRONTEND),
        network=_cost(COMPRESSED_NETWORK),
        confusion_kfold=((1766, 44), (33, 569)),
        confusion_field=((192, 14), (15, 103)),
        profile=profile("compressed", COMPRESSED_NETWORK, "Dense"),
    )


def search() -> SearchRecord:
    """Two candidates, one that failed; the second asked to confirm."""
    judged = {"accuracy_lower": -0.0061, "recall": -0.011, "recall_lower": -0.052, "calibration": 0.041}
    student = CandidateRecord(
        2, "student", True, True, 148_772, 44_288, 129_576, 152_000.0, -0.0017, rooms=-0.02, rooms_lower=-0.04, **judged
    )
    plain = CandidateRecord(0, "plain int8", False, False, 151_024, 44_288, 129_576, 161_000.0, 0.0003, **judged)
    failed = CandidateRecord(1, "too small", failure="training: the loss is nan at step 51 of 600")
    return SearchRecord(2, 214.6, (student, plain, failed), ("≥ is a one-sided 95 % bound.",), "search/front.png")


def example_record() -> RunRecord:
    """Everything passed, on a simulator."""
    return RunRecord(
        app="scream",
        title="Scream detector",
        board=BoardFacts("qemu-mps2-an505", "QEMU MPS2 AN505, Cortex-M33", True, 4 * 1024 * 1024, 256 * 1024),
        run_folder="runs/scream-qemu-mps2-an505-20260801-101500",
        made_at="2026-08-01T10:15:00+00:00",
        seconds=341.2,
        command="proofboard run scream --board qemu-mps2-an505",
        classes=("other", "scream"),
        positive="scream",
        sample_rate=16_000,
        clips_kfold=2412,
        clips_field=324,
        interval_method="Wilson score",
        baseline=baseline(),
        compressed=compressed(),
        bit_exact=BitExact(clips=400, mismatches=0),
        link=LinkFigures(bytes=13_120_400, seconds=118.4, retransmits=3, crc_errors=3),
        ladder=(
            Rung("float network", "PyTorch, the yardstick", 2736, None, RungStatus.PASSED),
            Rung(
                "quantised network", "loss of accuracy tested, paired, on held-out clips", 324, None, RungStatus.PASSED
            ),
            Rung("integer reference", "NumPy against quantised network, to the last bit", 324, 0, RungStatus.PASSED),
            Rung("C on the host", "generated C against integer reference, PCM to logits", 2000, 0, RungStatus.PASSED),
            Rung("C on the simulator", "QEMU against integer reference, PCM to logits", 400, 0, RungStatus.PASSED),
            Rung("C on a board", "no board was asked for", 0, 0, RungStatus.NOT_RUN),
        ),
        comparison=PairedComparison("field", -0.0031, -0.0123, 0.0062, 1.0, 0.02, True),
        search=search(),
        wrong_clips=tuple(
            WrongClip(
                image="compressed" if index % 4 else "both",
                clip_id=f"field-{index:04d}",
                origin=f"megaglest-data 3.13.0-1: techs/magitech/factions/units/sounds/unit_{index}.ogg @ 1.50 s",
                label="scream" if index % 2 else "other",
                predicted="other" if index % 2 else "scream",
                array=f"wrong/field-{index:04d}.npy",
            )
            for index in range(14)
        ),
        tools={"arm-none-eabi-gcc": "12.2.1", "qemu-system-arm": "7.2.11", "pyocd": "0.46.0", "torch": "2.4.0"},
        notes=("The field set chose nothing: neither weights nor thresholds.",),
    )


def failed_record() -> RunRecord:
    """The same run with one clip that differs and a rung that broke."""
    record = example_record()
    broken = dataclasses.replace(record.ladder[4], mismatches=1, status=RungStatus.FAILED)
    return dataclasses.replace(
        record,
        bit_exact=BitExact(400, 1, "clip field-0007, layer dense 992→128, element 17: 41 expected, 40 found"),
        ladder=(*record.ladder[:4], broken, record.ladder[5]),
    )


def store_clips(record: RunRecord, folder: Path) -> None:
    """Write a howl with harmonics for each wrong clip, so that there is something to see."""
    time = np.arange(record.sample_rate) / record.sample_rate
    noise = np.random.default_rng(1)
    for index, clip in enumerate(record.wrong_clips):
        pitch = 350 + 90 * index + 160 * np.sin(2 * np.pi * (2 + index % 3) * time)
        phase = 2 * np.pi * np.cumsum(pitch) / record.sample_rate
        wave = sum(np.sin(order * phase) / order for order in (1, 2, 3, 4, 5)) * np.hanning(time.size)
        pcm = 9000 * wave + noise.normal(0, 60, time.size)
        path = folder / clip.array
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, pcm.clip(-32768, 32767).astype(np.int16))
