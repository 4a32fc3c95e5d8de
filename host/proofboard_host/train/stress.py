"""A stress set made of training clips: what real screams by phone are like, as far as game screams can be made so.

Every training scream is moved to 600–1,450 Hz, held over the whole window as a scream of 2–4 s would be, put into a
room and, half of them, through a telephone's band. The other class goes the same way at its own pitch. Each clip is
judged by the network that has not seen its fold, so the set may guide choices that the field set must not.

    python -m proofboard_host.train.stress scream
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..application import Application, load_application
from ..data.clips import Dataset
from ..data.measure import measure
from ..frontend import reference
from ..frontend.specification import build_specification
from .channel import ChannelRanges, log_uniform, pass_channel
from .material import SYNTHETIC, assign_folds
from .synthesis import alarms, screams
from .voice import VoiceChange, change_voice

TARGET_PITCH = (600.0, 1450.0)  # Hz
FALLBACK_PITCH = 350.0  # Hz, of a scream whose pitch can't be told
SYNTHETIC_CLIPS = 200
OTHER_CLIPS = 600  # enough to read a rate of false alarms off
_SEED = 77_000  # another stream of chance than any that training draws from

ROOM = ChannelRanges(
    background_share=0.3,
    snr=(10.0, 20.0),
    floor=(25.0, 50.0),
    room_share=1.0,
    rt60=(0.25, 0.7),
    band_share=0.5,
    band_low=(200.0, 300.0),
    band_high=(3400.0, 3800.0),
    peak=(-20.0, 3.0),
)


@dataclass(frozen=True, eq=False)
class StressSet:
    """Features int16 [n, frames, bands], class index, part and fold of each clip; fold −1 was made of no recording."""

    features: npt.NDArray[np.int16]
    labels: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]
    part: npt.NDArray[np.str_]


def stress_set(application: Application, dataset: Dataset, folds: npt.NDArray[np.int64]) -> StressSet:
    """Make the set; the same every time.

    Args:
        folds: of each training clip, as training assigned them.
    """
    rate, rng = application.audio.sample_rate, np.random.default_rng(_SEED)
    rows, labels = dataset.indices("train"), dataset.labels("train")
    positive = application.data.classes.index(application.data.positive)
    real = np.flatnonzero(labels == positive)
    other = rng.permutation(np.flatnonzero(labels != positive))[:OTHER_CLIPS]
    backgrounds = dataset.pcm[rows[other]]

    def heard(windows: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        return pass_channel(windows.astype(np.float32) / np.float32(32768), rng, backgrounds, rate, ROOM)

    synthetic = np.full(SYNTHETIC_CLIPS, SYNTHETIC)
    parts: list[tuple[str, npt.NDArray[np.int16], int, npt.NDArray[np.int64]]] = [
        ("screams, high and long", heard(_raise(dataset.pcm[rows[real]], rng, rate)), positive, folds[real]),
        ("screams, as recorded", heard(dataset.pcm[rows[real]]), positive, folds[real]),
        ("others in a room", heard(backgrounds), 1 - positive, folds[other]),
        ("synthetic screams", heard(screams(SYNTHETIC_CLIPS, dataset.pcm.shape[1], rng, rate)), positive, synthetic),
        ("synthetic alarms", heard(alarms(SYNTHETIC_CLIPS, dataset.pcm.shape[1], rng, rate)), 1 - positive, synthetic),
    ]
    spec = build_specification(application)
    return StressSet(
        reference.run(spec, np.concatenate([pcm for _, pcm, _, _ in parts])),
        np.concatenate([np.full(len(pcm), label, np.int64) for _, pcm, label, _ in parts]),
        np.concatenate([fold for _, _, _, fold in parts]),
        np.concatenate([np.full(len(pcm), name) for name, pcm, _, _ in parts]),
    )


def _raise(pcm: npt.NDArray[np.int16], rng: np.random.Generator, sample_rate: int) -> npt.NDArray[np.int16]:
    """Every window moved to a pitch drawn from `TARGET_PITCH` and held until it is full."""
    count = len(pcm)
    pitch = np.array([measure(window, sample_rate).pitch_hz or FALLBACK_PITCH for window in pcm])
    rate = np.clip(log_uniform(rng, TARGET_PITCH, count) / pitch, 1.0, 4.0).astype(np.float32)
    change = VoiceChange(
        rate,
        rng.uniform(0.15, 0.4, count).astype(np.float32),  # stretches 1 s to 2.5–7 s, of which the window shows one
        np.ones(count, np.bool_),
        np.full(count, sample_rate // 8),
        rng.integers(0, pcm.shape[1], count),
    )
    raised = change_voice(pcm.astype(np.float32) / np.float32(32768), change)
    return np.asarray(np.clip(np.rint(raised * 32768), -32768, 32767), np.int16)


def main(name: str) -> None:
    """Print how the networks of cross-validation answer on the stress set."""
    from ..data.build import build_dataset
    from .augment import Augmentation
    from .crossval import fit_side
    from .material import build_material
    from .trainer import Regularisation, deterministic

    application = load_application(name)
    dataset = build_dataset(application)
    section = application.train
    folds = assign_folds(dataset.labels("train"), dataset.groups("train"), section.folds, section.seed)
    material = build_material(
        application, dataset, folds, plan=Augmentation(), progress=lambda done, total, detail="": None
    )
    stress = stress_set(application, dataset, folds)
    right = np.zeros(len(stress.labels))
    with deterministic():
        for fold in range(section.folds):
            network, _ = fit_side(application, material, fold, Regularisation())
            correct = network.forward(stress.features).argmax(axis=1) == stress.labels
            right[stress.fold == fold] = correct[stress.fold == fold]
            right[stress.fold == SYNTHETIC] += correct[stress.fold == SYNTHETIC] / section.folds
    for part in dict.fromkeys(stress.part.tolist()):
        chosen = stress.part == part
        print(f"{part:24} {np.count_nonzero(chosen):5} clips  {100 * right[chosen].mean():5.1f} % right")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "scream")
