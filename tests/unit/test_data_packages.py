"""Fetching packages, against stand-ins for apt-get, apt-cache and dpkg-deb that behave as the real ones do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from proofboard_host.data.packages import Package, PackageMissing, cache_folder, cached_deb, fetch
from proofboard_host.errors import DataFault

APT_GET = """#!/bin/sh
echo "$@" >> "$LOG"
name="$3"
case "$name" in
  unknown) echo "E: Unable to locate package unknown" >&2; exit 100 ;;
  offline) echo "E: Failed to fetch http://example.org/x.deb  Could not resolve" >&2; exit 100 ;;
  toobig) echo "E: You don't have enough free space in /var/cache/apt/archives/." >&2; exit 100 ;;
esac
echo whole > "${name}_1%3a2.0-1_all.deb"
"""
DPKG_DEB = """#!/bin/sh
if grep -q cut "$2"; then echo "dpkg-deb: error: unexpected end of file" >&2; exit 2; fi
if grep -q full "$2"; then echo "tar: x: Cannot write: No space left on device" >&2; exit 2; fi
mkdir -p "$3/usr/share" && echo sound > "$3/usr/share/a.wav"
"""
APT_CACHE = """#!/bin/sh
printf 'game-1.9-data\\ngame-1.16-data\\ngame-1.18-data\\ngame-1.18-data-extra\\ngame-1.18-music\\n'
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("apt-get", APT_GET), ("dpkg-deb", DPKG_DEB), ("apt-cache", APT_CACHE)):
        (tools / name).write_text(text)
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    (tmp_path / "log").touch()
    return tmp_path / "log"


def test_a_package_is_downloaded_once(log: Path, tmp_path: Path) -> None:
    for _ in range(2):
        package = fetch(["game"], tmp_path / "cache")["game"]
        assert isinstance(package, Package)
        assert (package.name, package.version) == ("game", "1:2.0-1")
        assert (package.root / "usr/share/a.wav").is_file()
    assert log.read_text().splitlines() == ["download -q game"]


def test_a_pattern_stands_for_the_newest_package(log: Path, tmp_path: Path) -> None:
    package = fetch(["game-1.*-data"], tmp_path / "cache")["game-1.*-data"]
    assert isinstance(package, Package)
    assert package.name == "game-1.18-data"
    fetch(["game-1.*-data"], tmp_path / "cache")
    assert log.read_text().splitlines() == ["download -q game-1.18-data"]


def test_the_newest_of_several_cached_files_counts(tmp_path: Path) -> None:
    (tmp_path / "debs").mkdir()
    for name in ("a_1.9_all.deb", "a_1.10_all.deb", "ab_2.0_all.deb"):
        (tmp_path / "debs" / name).touch()
    found = cached_deb("a", tmp_path)
    assert found is not None
    assert found.name == "a_1.10_all.deb"


@pytest.mark.usefixtures("log")
def test_an_unknown_package_is_reported_and_stops_nothing(tmp_path: Path) -> None:
    found = fetch(["unknown", "game"], tmp_path / "cache")
    assert isinstance(found["unknown"], PackageMissing)
    assert "apt-get update" in str(found["unknown"])
    assert isinstance(found["game"], Package)
    missing = fetch(["other-1.*-data"], tmp_path / "cache")["other-1.*-data"]
    assert isinstance(missing, PackageMissing)


@pytest.mark.usefixtures("log")
def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    missing = fetch(["offline"], tmp_path / "cache")["offline"]
    assert isinstance(missing, PackageMissing)
    assert "Could not resolve" in str(missing)
    assert list((tmp_path / "cache/debs").iterdir()) == []


@pytest.mark.usefixtures("log")
def test_a_disk_too_small_for_a_download_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"(?s)disk is full.*PROOFBOARD_CACHE"):
        fetch(["toobig"], tmp_path / "cache")
    assert list((tmp_path / "cache/debs").iterdir()) == []


@pytest.mark.usefixtures("log")
def test_a_truncated_package_is_removed(tmp_path: Path) -> None:
    deb = tmp_path / "cache/debs/game_1_all.deb"
    deb.parent.mkdir(parents=True)
    deb.write_text("cut")
    with pytest.raises(DataFault, match=r"(?s)game_1_all\.deb.*cut short"):
        fetch(["game"], tmp_path / "cache")
    assert not deb.exists()
    assert list((tmp_path / "cache/unpacked").iterdir()) == []
    assert isinstance(fetch(["game"], tmp_path / "cache")["game"], Package)


@pytest.mark.usefixtures("log")
def test_a_full_disk_is_told_and_the_download_kept(tmp_path: Path) -> None:
    deb = tmp_path / "cache/debs/game_1_all.deb"
    deb.parent.mkdir(parents=True)
    deb.write_text("full")
    with pytest.raises(DataFault, match=r"(?s)disk is full.*PROOFBOARD_CACHE"):
        fetch(["game"], tmp_path / "cache")
    assert deb.exists()


def test_no_apt_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataFault, match=r"(?s)apt-get is not on this machine.*--data"):
        fetch(["game"], tmp_path / "cache")


def test_a_cache_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFault, match="PROOFBOARD_CACHE"):
        fetch(["game"], tmp_path / "file")


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROOFBOARD_CACHE", str(tmp_path / "there"))
    assert cache_folder() == tmp_path / "there"
    monkeypatch.delenv("PROOFBOARD_CACHE")
    assert cache_folder().name == "proofboard"
