"""The command around a benchmark: sources first, then tables to the terminal and to files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from proofboard_harness.benchmarks import command
from proofboard_harness.benchmarks.cmsis_sources import DSP_PACKAGE, NN_PACKAGE, CmsisSources
from proofboard_harness.benchmarks.tables import BenchReport, BenchTable
from rich.console import Console


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that has the sources already."""
    for package in (NN_PACKAGE, DSP_PACKAGE):
        name = f"{package.name}-{package.version}-{package.sha256[:12]}"
        (tmp_path / "cache" / "benchmarks" / name).mkdir(parents=True)
    monkeypatch.setenv("PROOFBOARD_CACHE", str(tmp_path / "cache"))
    return tmp_path


def report(*missed: str) -> BenchReport:
    return BenchReport("kernels", "cmd", {}, (BenchTable("T", ("row", "x"), (("dense", "1"),)),), {"x": 1}, missed)


def test_tables_go_where_they_are_asked_for(fetched: Path) -> None:
    folders: list[Path] = []

    def benchmark(sources: CmsisSources, folder: Path) -> BenchReport:
        assert sources.nn.is_dir()
        assert folder.is_dir()
        folders.append(folder)
        return report()

    document = fetched / "performance.md"
    document.write_text("<!-- bench kernels -->\n<!-- end of bench kernels -->\n", encoding="utf-8")
    console = Console(width=80)
    with console.capture() as capture:
        assert command.run(benchmark, fetched / "out", document, console)
    assert "dense" in capture.get()
    assert "| dense | 1 |" in document.read_text(encoding="utf-8")
    assert "| dense | 1 |" in (fetched / "out" / "kernels.md").read_text(encoding="utf-8")
    assert json.loads((fetched / "out" / "kernels.json").read_text(encoding="utf-8"))["figures"] == {"x": 1}
    assert not folders[0].exists()


@pytest.mark.usefixtures("fetched")
def test_missed_bound_is_no_success() -> None:
    console = Console(width=80)
    with console.capture() as capture:
        assert not command.run(lambda sources, folder: report("dense"), None, None, console)
    assert "MISSED what it must reach: dense" in capture.get()
