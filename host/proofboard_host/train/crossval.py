"""Grouped k-fold cross-validation of baseline and compressed network, and the final networks from all clips.

Normalisation, training and calibration of a fold see its training side alone. Both networks predict the same held-out
clips, so their answers are paired. The folds run beside each other, each on one thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..application import Application
from ..compress import compress
from ..errors import ModelFault
from ..graph import reference
from ..graph.graph import Graph
from ..progress import Progress
from .convolutional import train_convolutional
from .material import SYNTHETIC, WORKERS, Material
from .network import FloatNetwork, widths_of
from .trainer import Regularisation, TrainingSet, deterministic, train

POSITIVE_SHARE = 0.35  # of the draws that are of the positive class; the rest is shared evenly by the other classes
GROUP_BALANCE = 0.5  # 0: clips count alike; 1: groups count alike, whatever their size
SYNTHETIC_POSITIVE = 0.35  # of the draws of the positive class that are synthetic, where there are any
SYNTHETIC_OTHER = 0.13  # the same for the other classes
STEPS_PER_EPOCH = 100
DEFAULT_REGULARISATION = Regularisation()


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """What cross-validation and the final training give.

    Attributes:
        teachers: the float32 network of each fold, then that trained on all clips, the baseline.
        compressed: the baseline's compressed graph, calibrated on all clips.
        oof_baseline: out-of-fold logits float32 [clips, classes].
        oof_compressed: out-of-fold logits of the compressed networks as integers, int32 [clips, classes].
        oof_scales: real value of one step of `oof_compressed` [clips]: each fold has its own network.
    """

    teachers: tuple[FloatNetwork, ...]
    compressed: Graph
    oof_baseline: npt.NDArray[np.float32]
    oof_compressed: npt.NDArray[np.int32]
    oof_scales: npt.NDArray[np.float64]


def cross_validate(
    application: Application,
    material: Material,
    *,
    regularisation: Regularisation = DEFAULT_REGULARISATION,
    progress: Progress,
) -> CrossValidation:
    """Train a network for every fold and one for all clips; `progress` counts networks."""
    sides: Sequence[int | None] = [*range(application.train.folds), None]

    def fit(held_out: int | None) -> tuple[FloatNetwork, Graph]:
        return fit_side(application, material, held_out, regularisation)

    classes = len(application.data.classes)
    baseline = np.zeros((material.clips, classes), np.float32)
    compressed = np.zeros((material.clips, classes), np.int32)
    scales = np.zeros(material.clips, np.float64)
    teachers = []
    with deterministic(), ThreadPoolExecutor(WORKERS) as pool:
        for done, (held_out, (network, graph)) in enumerate(zip(sides, pool.map(fit, sides), strict=True), start=1):
            teachers.append(network)
            if held_out is not None:
                rows = material.held_out(held_out)
                baseline[rows] = network.forward(material.features[rows])
                compressed[rows] = reference.run(graph, material.features[rows]).logits
                scales[rows] = graph.output.scale
            progress(done, len(sides), "all clips" if held_out is None else f"fold {held_out + 1}")
    return CrossValidation(tuple(teachers), graph, baseline, compressed, scales)


def fit_side(
    application: Application, material: Material, held_out: int | None, regularisation: Regularisation
) -> tuple[FloatNetwork, Graph]:
    """Train, then compress, on everything but fold `held_out` (None: on everything); inside `deterministic()`."""
    rows = material.side(held_out)
    data = TrainingSet(
        material.features[rows], material.labels[rows], draw_weights(application, material, rows), STEPS_PER_EPOCH
    )
    seed = application.train.seed * 1000 + (application.train.folds if held_out is None else held_out)
    try:
        if application.network.layers:
            network = train_convolutional(application, data, seed=seed, regularisation=regularisation)
        else:
            network = train(data, widths_of(application), application.train, seed=seed, regularisation=regularisation)
    except ModelFault as fault:
        side = "all clips" if held_out is None else f"all but fold {held_out + 1} of {application.train.folds}"
        raise ModelFault(fault.seen, where=f"{fault.where} on {side}", hint=fault.hint) from fault
    return network, compress(network, data.features, application)


def draw_weights(application: Application, material: Material, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """How often each row is drawn [rows], summing to 1.

    Classes by `POSITIVE_SHARE`; within a class synthetic rows by `SYNTHETIC_POSITIVE` or `SYNTHETIC_OTHER`; within the
    real rows of a class groups tempered by `GROUP_BALANCE`.
    """
    labels, clip = material.labels[rows], material.clip[rows]
    real = clip != SYNTHETIC
    # A row of a group of n rows gets n^−balance.
    weights = np.ones(len(rows))
    _, member, size = np.unique(material.groups[clip[real]], return_inverse=True, return_counts=True)
    weights[real] = size[member].astype(np.float64) ** -GROUP_BALANCE
    positive = application.data.classes.index(application.data.positive)
    others = len(application.data.classes) - 1
    for label in range(others + 1):
        share = POSITIVE_SHARE if label == positive else (1 - POSITIVE_SHARE) / others
        synthetic_share = SYNTHETIC_POSITIVE if label == positive else SYNTHETIC_OTHER
        of_class = labels == label
        if not np.any(of_class & ~real):
            synthetic_share = 0.0
        for chosen, part in ((of_class & real, 1 - synthetic_share), (of_class & ~real, synthetic_share)):
            weights[chosen] *= share * part / max(float(weights[chosen].sum()), 1e-12)
    return weights
