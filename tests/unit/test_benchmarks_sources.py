"""CMSIS sources through pip: pinned, kept, and one clear error without a network."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from proofboard_harness.benchmarks import cmsis_sources
from proofboard_harness.benchmarks.cmsis_sources import DSP_PACKAGE, NN_PACKAGE, fetch_sources
from proofboard_harness.errors import BenchFault


def test_requirements_pin_version_hash_and_form() -> None:
    for package, form in ((NN_PACKAGE, "--only-binary"), (DSP_PACKAGE, "--no-binary")):
        lines = package.requirements.splitlines()
        assert lines[0] == f"{form} {package.name}"
        assert lines[1] == f"{package.name}=={package.version} --hash=sha256:{package.sha256}"
        assert len(package.sha256) == 64


def test_without_an_index_the_error_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BenchFault, match=r"can't download bakenn 1\.0\.0.*ERROR") as caught:
        fetch_sources(tmp_path)
    assert "network" in caught.value.hint
    assert list((tmp_path / "benchmarks").iterdir()) == []


def test_another_file_of_that_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "bakenn-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("bakenn-1.0.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: bakenn\nVersion: 1.0.0\n")
        archive.writestr("bakenn-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("bakenn/backend/cmsis_nn/vendor/cmsis_nn/Source/evil.c", "int evil;\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(BenchFault, match="HASHES"):
        fetch_sources(tmp_path / "cache")


def test_what_was_fetched_is_not_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in (NN_PACKAGE, DSP_PACKAGE):
        name = f"{package.name}-{package.version}-{package.sha256[:12]}"
        (tmp_path / "benchmarks" / name / "Source").mkdir(parents=True)
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    sources = fetch_sources(tmp_path)
    assert sources.nn.is_dir()
    assert sources.dsp.is_dir()
    with pytest.raises(BenchFault, match=r"has no arm_missing\.c"):
        sources.dsp_files("arm_missing.c")


def test_only_sources_and_licences_are_unpacked(tmp_path: Path) -> None:
    names = ["p/Source/a.c", "p/Include/a.h", "p/LICENSE", "p/setup.py", "p/data.bin"]
    with tarfile.open(tmp_path / "p.tar.gz", "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    with zipfile.ZipFile(tmp_path / "p.whl", "w") as wheel:
        for name in names:
            wheel.writestr(name, "")
    for form in ("p.tar.gz", "p.whl"):
        folder = tmp_path / form.partition(".")[2]
        cmsis_sources._unpack(tmp_path / form, folder)
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == {"p/Source/a.c", "p/Include/a.h", "p/LICENSE"}
