"""The baselines of a contest: trained once for each family and seed, kept as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..errors import ModelFault
from ..train import convolutional, trainer, variation
from ..train.checkpoint import network_hash
from ..train.crossval import DEFAULT_REGULARISATION, draw_weights, fit_side
from ..train.network import FloatNetwork
from ..train.network_file import arrays_of, network_of
from .cells import key_of
from .families import Family
from .floor import Floor, Standing, on_sides

_SOURCES = (fit_side, draw_weights, trainer, convolutional, variation)


def stand(floor: Floor, family: Family, seed: int, folder: Path, tell: Callable[[str], None]) -> Standing:
    """The baseline as it is kept in `folder`, or trained now, which `tell` is told.

    Raises:
        ModelFault: training diverges.
    """
    networks = floor.trained if family.application == floor.application and seed == floor.application.train.seed else ()
    networks = networks or _obtain(floor, family, seed, folder, tell)
    material = floor.material
    logits = np.zeros((material.clips, len(floor.application.data.classes)), np.float32)
    for fold in floor.folds:
        rows = material.held_out(fold)
        logits[rows] = networks[fold].forward(material.features[rows])
    return Standing(floor, seed, networks, logits)


def hash_of(standing: Standing) -> str:
    """Changes with any weight, and with what the contest stands on."""
    return key_of(standing.floor.identity, standing.seed, *(network_hash(network) for network in standing.networks))


def _obtain(
    floor: Floor, family: Family, seed: int, folder: Path, tell: Callable[[str], None]
) -> tuple[FloatNetwork, ...]:
    train = dataclasses.replace(family.application.train, seed=seed)
    application = dataclasses.replace(family.application, train=train)
    path = folder / f"baseline-{key_of(floor.identity, train, application.network, *_SOURCES)}.npz"
    sides: list[int | None] = [*floor.folds, None]
    networks = _read(path, len(sides))
    if networks is None:
        tell(f"seed {seed}: training {family.title}")
        fitted = on_sides(sides, lambda side: fit_side(application, floor.material, side, DEFAULT_REGULARISATION)[0])
        networks = tuple(fitted)
        _write(path, networks)
    return networks


def _read(path: Path, sides: int) -> tuple[FloatNetwork, ...] | None:
    try:
        with np.load(path, allow_pickle=False) as archive:
            named = {name: archive[name] for name in archive.files}
        owned = [
            {name.removeprefix(own): array for name, array in named.items() if name.startswith(own)}
            for own in (f"{index}:" for index in range(sides))
        ]
        return tuple(network_of(arrays) for arrays in owned)
    except (OSError, BadZipFile, ValueError, ModelFault):
        return None


def _write(path: Path, networks: tuple[FloatNetwork, ...]) -> None:
    """The file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {
        f"{index}:{name}": value for index, network in enumerate(networks) for name, value in arrays_of(network).items()
    }
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **named)
    temporary.replace(path)
