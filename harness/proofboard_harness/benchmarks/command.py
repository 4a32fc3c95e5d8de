"""What the sub-commands of `proofboard bench` have in common."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from ..product import cache_folder
from .cmsis_sources import CmsisSources, fetch_sources
from .tables import BenchReport, print_report, write_json, write_markdown

Benchmark = Callable[[CmsisSources, Path], BenchReport]
"""Takes the sources to compare with and a folder for the build."""


def run(benchmark: Benchmark, out: Path | None, document: Path | None, console: Console) -> bool:
    """Run a benchmark that compares with CMSIS, print and write its tables; whether every bound is kept.

    Args:
        benchmark: what to run.
        out: folder for `<name>.json` and `<name>.md`, if any.
        document: Markdown whose section of this benchmark is made anew, if any.
        console: where the tables go.
    """
    sources = fetch_sources(cache_folder())
    with tempfile.TemporaryDirectory(prefix="proofboard-bench-") as folder:
        report = benchmark(sources, Path(folder))
    return deliver(report, out, document, console)


def deliver(report: BenchReport, out: Path | None, document: Path | None, console: Console) -> bool:
    """Print a report and write its tables, as for `run`; whether every bound is kept."""
    print_report(report, console)
    if out is not None:
        write_json(report, out / f"{report.name}.json")
        write_markdown(report, out / f"{report.name}.md")
    if document is not None:
        write_markdown(report, document)
    return not report.missed
