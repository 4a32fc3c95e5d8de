"""The data set of an application, built once and then read from the cache."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from ..application import Application
from ..errors import DataFault
from ..progress import Progress, silent
from .clips import SPLITS, Clip, Dataset
from .curate import curate
from .folders import read_own_data, state_of
from .hearing import Listening, hear_all
from .packages import Package, PackageMissing, cache_folder, cached_deb, fetch
from .recipes import Minimum, Recipe, load_recipe, recordings_of
from .recordings import Recording

#: Raised whenever the same recordings would give other clips: a cached data set of an older number is not used.
CURATION_VERSION = 1


def build_dataset(
    application: Application, *, data: Path | None = None, cache: Path | None = None, progress: Progress = silent
) -> Dataset:
    """The data set: from the application's recipe, or from a user's own recordings.

    The result is kept under `<cache>/datasets/` and read from there when nothing it depends on has changed: recipe,
    package versions (or names, sizes and times of the user's files), window, classes, decoder, `CURATION_VERSION`.

    Args:
        application: says recipe, classes, window and sample rate.
        data: the user's folder or CSV file (`folders.read_own_data`), instead of the recipe.
        cache: instead of `packages.cache_folder()`.
        progress: counts packages, then recordings.

    Raises:
        DataFault: a recording, a label, a package or the disk is at fault.
        ConfigurationFault: the recipe is unknown.
    """
    folder = cache_folder() if cache is None else cache
    if data is not None:
        return _own(application, data, folder, progress)
    return _of_recipe(application, load_recipe(application.data.recipe), folder, progress)


def _own(application: Application, data: Path, cache: Path, progress: Progress) -> Dataset:
    if not data.exists():
        read_own_data(data, application.data.classes)
    key = _key(application, {"data": str(data.resolve()), "files": state_of(data)})
    stored = _load(cache, key)
    if stored is not None:
        return stored
    found = read_own_data(data, application.data.classes)
    dataset = _curated(application, data.stem, found.recordings, progress, found.notices)
    for split in SPLITS:
        for name in application.data.classes:
            if not any(clip.split == split and clip.label == name for clip in dataset.clips):
                raise DataFault(
                    f"after curation the {split} side has no clip of class {name!r}",
                    where=str(data),
                    hint="; ".join(dataset.notices) or "give more recordings from more sources",
                )
    return _store(cache, key, dataset)


def _of_recipe(application: Application, recipe: Recipe, cache: Path, progress: Progress) -> Dataset:
    names = [package.name for package in recipe.packages]
    versions = {name: deb.name for name in names if (deb := cached_deb(name, cache)) is not None}
    if len(versions) == len(names):
        stored = _load(cache, _key(application, {"recipe": recipe.sha256, "packages": versions}))
        if stored is not None:
            return stored
    packages = fetch(names, cache, progress)
    missing = {name: found for name, found in packages.items() if isinstance(found, PackageMissing)}
    for package in recipe.packages:
        if package.name in missing and not package.optional:
            raise missing[package.name]
    versions = {name: found.root.name + ".deb" for name, found in packages.items() if isinstance(found, Package)}
    key = _key(application, {"recipe": recipe.sha256, "packages": versions})
    stored = _load(cache, key)
    if stored is not None:
        return stored
    recordings: list[Recording] = []
    for package in recipe.packages:
        found = packages[package.name]
        if isinstance(found, Package):
            recordings += recordings_of(package, found)
    notices = [f"left out, it can't be had: {name} ({fault.seen})" for name, fault in missing.items()]
    dataset = _curated(application, recipe.name, recordings, progress, notices)
    _require_minimum(dataset, recipe.minimum, application.data.positive)
    return _store(cache, key, dataset)


def _curated(
    application: Application,
    name: str,
    recordings: Sequence[Recording],
    progress: Progress,
    notices: Sequence[str] = (),
) -> Dataset:
    listening = Listening.of(application)
    heard = list(hear_all(recordings, listening, progress))
    progress(len(heard), len(heard), "looking for near-duplicates")
    return curate(name, application.data.classes, heard, sample_rate=listening.sample_rate, notices=notices)


def _require_minimum(dataset: Dataset, minimum: Minimum, positive: str) -> None:
    def count(split: str, label_is_positive: bool, kinds: Sequence[str] | None = None) -> int:
        return sum(
            clip.split == split
            and (clip.label == positive) == label_is_positive
            and (kinds is None or clip.kind in kinds)
            for clip in dataset.clips
        )

    found = {
        "train_screams": count("train", True),
        "field_screams": count("field", True),
        "field_hard_negatives": count("field", False, minimum.hard_kinds),
    }
    for key, number in found.items():
        if number < getattr(minimum, key):
            raise DataFault(
                f"only {number} clips, {getattr(minimum, key)} are needed",
                where=f"{dataset.name}: {key}",
                hint="; ".join(dataset.notices) or "the packages have changed: the recipe needs a look",
            )


def _key(application: Application, sources: dict[str, Any]) -> str:
    """Hash of everything the result depends on, 32 hex digits."""
    document = {
        "audio": asdict(application.audio),
        "classes": application.data.classes,
        "positive": application.data.positive,
        "decoder": av.__version__,
        "curation": CURATION_VERSION,
        **sources,
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:32]


def _paths(cache: Path, key: str) -> tuple[Path, Path]:
    return cache / "datasets" / f"{key}.npy", cache / "datasets" / f"{key}.json"


def _load(cache: Path, key: str) -> Dataset | None:
    """The stored data set, its samples as a read-only memory map; None when there is none or it is not whole."""
    sound, facts = _paths(cache, key)
    try:
        document = json.loads(facts.read_text(encoding="utf-8"))
        pcm = np.load(sound, mmap_mode="r")
        clips = tuple(Clip(**clip) for clip in document["clips"])
        dataset = Dataset(
            document["name"],
            tuple(document["classes"]),
            clips,
            cast("NDArray[np.int16]", pcm),
            document["fingerprint"],
            tuple(document["notices"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dataset if pcm.dtype == np.int16 and pcm.shape[0] == len(clips) else None


def _store(cache: Path, key: str, dataset: Dataset) -> Dataset:
    """Write samples, then facts; the facts name the samples, so a set is there whole or not at all."""
    sound, facts = _paths(cache, key)
    document = {
        "name": dataset.name,
        "classes": dataset.classes,
        "fingerprint": dataset.fingerprint,
        "notices": dataset.notices,
        "clips": [asdict(clip) for clip in dataset.clips],
    }
    try:
        sound.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(sound.parent / "datasets.lock"), tempfile.TemporaryDirectory(dir=sound.parent) as scratch:
            new_sound, new_facts = Path(scratch, "pcm.npy"), Path(scratch, "facts.json")
            np.save(new_sound, dataset.pcm)
            new_facts.write_text(json.dumps(document), encoding="utf-8")
            new_sound.replace(sound)
            new_facts.replace(facts)
    except OSError as error:
        raise DataFault(
            f"the data set can't be kept: {error.strerror or error}",  # NumPy gives the sentence alone
            where=str(sound.parent),
            hint="free some space, or put the cache on another disk with PROOFBOARD_CACHE=DIR",
        ) from error
    return _load(cache, key) or dataset
