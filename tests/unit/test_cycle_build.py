"""Building the cycle model: for which QEMU, without warnings, kept in the cache, and what is said when a tool lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from proofboard_harness.errors import BenchFault, ToolMissing
from proofboard_harness.simulator.cycle_build import build_plugin, compile_plugin, plugin_version


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("QEMU emulator version 6.2.0", 1),
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)", 1),
        ("QEMU emulator version 8.2.2", 1),
        ("QEMU emulator version 9.0.4", 2),
        ("QEMU emulator version 9.1.0", 3),
        ("QEMU emulator version 10.0.3 (Debian 1:10.0.3+ds-0+deb13u1)", 3),
        ("QEMU emulator version 10.1.0", 3),
    ],
)
def test_interface_follows_from_the_release(said: str, version: int) -> None:
    assert plugin_version(said) == version


@pytest.mark.parametrize("said", ["", "QEMU emulator", "QEMU emulator version 5.2.0"])
def test_other_releases_are_refused(said: str) -> None:
    with pytest.raises(BenchFault):
        plugin_version(said)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_compiles_for_each_interface(tmp_path: Path, version: int) -> None:
    library = tmp_path / "plugin.so"
    compile_plugin(version, library, ["-Wall", "-Wextra", "-Werror", "-Wconversion"])
    assert b"qemu_plugin_install" in library.read_bytes()


def test_compilers_refusal_is_the_benchs_fault(tmp_path: Path) -> None:
    with pytest.raises(BenchFault, match=r"(?s)compiling the cycle model failed.*--no-such-option"):
        compile_plugin(1, tmp_path / "plugin.so", ["--no-such-option"])


def test_second_build_comes_from_the_cache(tmp_path: Path) -> None:
    first = build_plugin(tmp_path)
    built = first.stat().st_mtime_ns
    assert build_plugin(tmp_path) == first
    assert first.stat().st_mtime_ns == built
    assert sorted(path.name for path in first.parent.iterdir()) == [first.name, f"{first.name}.sha256"]


def test_a_plugin_that_was_changed_is_compiled_anew(tmp_path: Path) -> None:
    whole = build_plugin(tmp_path).read_bytes()
    build_plugin(tmp_path).write_bytes(b"junk")
    assert build_plugin(tmp_path).read_bytes() == whole


@pytest.mark.parametrize("program", ["cc", "qemu-system-arm"])
def test_missing_tool_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for other in {"cc", "qemu-system-arm"} - {program}:
        stand_in = tools / other
        stand_in.write_text("#!/bin/sh\necho QEMU emulator version 7.2.0\n", encoding="utf-8")
        stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(ToolMissing, match=f"{program} is not on the PATH"):
        build_plugin(tmp_path)


def test_cache_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "cycle-model").write_text("in the way")
    with pytest.raises(BenchFault, match="can't keep the cycle model"):
        build_plugin(tmp_path)
