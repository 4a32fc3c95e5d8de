"""Recipes: which files of a package become which recordings, and under which licence."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from data_example import noise, write_wav
from proofboard_host.data.labelling import CRY, GRUNT, UNCLEAR
from proofboard_host.data.licences import Licences
from proofboard_host.data.packages import Package
from proofboard_host.data.recipes import Recipe, load_recipe, parse_recipe, recordings_of
from proofboard_host.errors import ConfigurationFault, DataFault

COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: GPL-2+

Files: debian/*
Copyright: a packager
License: Expat

Files:
 share/game/sounds/*
Copyright: a musician
License: CC-BY-3.0

Files: share/game/sounds/one?cry.wav share/game/sounds/two.wav
Copyright: a singer
License: CC0-1.0
"""


def recipe(**changes: Any) -> Recipe:
    package = {
        "name": "game-data",
        "split": "train",
        "licence": "unknown",
        "merge": [["ann", "anna"]],
        "sources": [
            {"match": "voices/.*/die", "kind": CRY, "speaker": r"voices/(\w+)/", "windows": 4},
            {"match": r"\.wav$", "kind": "noise", "limit": 2},
        ],
    }
    minimum = {"train_screams": 1, "field_screams": 1, "field_hard_negatives": 1, "hard_kinds": ["speech"]}
    document = {"name": "test", "minimum": minimum, "packages": [package | changes]}
    return parse_recipe(document, sha256="0", where="test.toml")


@pytest.fixture
def package(tmp_path: Path) -> Package:
    root = tmp_path / "game-data_1.0_all"
    for name in "abcd":
        write_wav(root / "usr/share/game/sounds" / f"{name}.wav", noise(1, 0.1))
    (root / "usr/share/doc/game-data").mkdir(parents=True)
    (root / "usr/share/doc/game-data/copyright").write_text(COPYRIGHT)
    with zipfile.ZipFile(root / "usr/share/game/pak0.pk3", "w") as archive:
        for member in (
            "voices/ann/die1.wav",
            "voices/anna/die2.wav",
            "voices/bob/die.wav",
            "../../evil/voices/x/die.wav",
        ):
            archive.writestr(member, (root / "usr/share/game/sounds/a.wav").read_bytes())
        archive.writestr("voices/ann/readme.txt", "no sound")
    return Package("game-data", "1.0", root)


def test_files_and_members_become_recordings(package: Package) -> None:
    found = recordings_of(recipe().packages[0], package)
    cries = [item for item in found if item.kind == CRY]
    assert [item.group for item in cries] == [
        "game-data/x",
        "game-data/ann",
        "game-data/ann",
        "game-data/bob",
    ]
    assert len([item for item in found if item.kind == "noise"]) == 2
    assert {item.split for item in found} == {"train"}
    assert all(item.version == "1.0" and item.licence for item in found)


def test_a_member_is_read_without_a_file_of_its_name(package: Package, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    evil = next(item for item in recordings_of(recipe().packages[0], package) if "evil" in item.path)
    assert evil.read()[:4] == b"RIFF"
    assert sorted(tmp_path.rglob("*")) == before


def test_the_limit_chooses_the_same_files_every_time(package: Package) -> None:
    one, two = (recordings_of(recipe().packages[0], package) for _ in range(2))
    assert one == two


def test_a_package_that_has_changed_is_an_error(package: Package) -> None:
    changed = recipe(sources=[{"match": "/music/", "kind": "music"}])
    with pytest.raises(DataFault, match="none of its files"):
        recordings_of(changed.packages[0], package)


def test_a_broken_archive_is_named(package: Package) -> None:
    (package.root / "usr/share/game/pak0.pk3").write_bytes(b"PK not really")
    with pytest.raises(DataFault, match=r"pak0\.pk3"):
        recordings_of(recipe().packages[0], package)


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({"split": "both"}, "split 'both'"),
        ({"sources": [{"match": "(", "kind": "noise"}]}, "no regular expression"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_wrong_recipes(changes: dict[str, Any], seen: str) -> None:
    with pytest.raises(ConfigurationFault, match=re.escape(seen)):
        recipe(**changes)


def test_unknown_recipe_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationFault, match="debian-screams"):
        load_recipe("nonsense")


def test_the_shipped_recipe_keeps_sides_apart() -> None:
    shipped = load_recipe("debian-screams")
    names = [package.name for package in shipped.packages]
    assert len(set(names)) == len(names)
    train = {package.name for package in shipped.packages if package.split == "train"}
    assert {"ufoai-sound", "openarena-081-players"} <= train
    assert "megaglest-data" not in train
    assert not any(package.optional for package in shipped.packages if package.split == "train")
    kinds = {source.kind for package in shipped.packages for source in package.sources}
    assert {CRY, GRUNT, UNCLEAR} <= kinds


def test_licences_follow_the_copyright_file() -> None:
    licences = Licences(COPYRIGHT, "fallback")
    assert licences.of("usr/share/game/sounds/three.wav") == "CC-BY-3.0"
    assert licences.of("usr/share/game/sounds/one cry.wav") == "CC0-1.0"
    assert licences.of("usr/share/game/pak0.pk3!sounds/two.wav") == "CC0-1.0"
    assert licences.of("usr/share/other/music.ogg") == "GPL-2+"
    assert Licences("Everything is free.\n", "fallback").of("usr/share/a.wav") == "fallback"
