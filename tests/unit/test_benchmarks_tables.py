"""Benchmark tables: on a terminal, in a document, as JSON; published figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from proofboard_harness.benchmarks import silicon
from proofboard_harness.benchmarks.tables import (
    BenchReport,
    BenchTable,
    markdown,
    print_report,
    write_json,
    write_markdown,
)
from proofboard_harness.errors import BenchFault
from rich.console import Console

TABLE = BenchTable("Kernels", ("layer", "cycles", "must"), (("dense", "1.25", "≤ 1.30: met"),), ("Modelled.",))
REPORT = BenchReport("kernels", "proofboard bench kernels", {"gcc": "12.2"}, (TABLE,), {"rows": [1.25]}, ("pool",))


def test_terminal_shows_cells_notes_and_what_was_missed() -> None:
    console = Console(width=100, record=True, quiet=False, force_terminal=False)
    with console.capture() as capture:
        print_report(REPORT, console)
    text = capture.get()
    for words in (
        "Kernels",
        "dense",
        "1.25",
        "≤ 1.30: met",
        "Modelled.",
        "gcc 12.2",
        "MISSED what it must reach: pool",
    ):
        assert words in text


def test_markdown_table_has_as_many_cells_in_every_row() -> None:
    rows = [line for line in markdown(REPORT).splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {row.count("|") for row in rows} == {4}
    assert "    proofboard bench kernels" in markdown(REPORT).splitlines()


def test_new_document_holds_the_section_and_writing_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kernels.md"
    write_markdown(REPORT, path)
    first = path.read_text(encoding="utf-8")
    write_markdown(REPORT, path)
    assert markdown(REPORT) in first
    assert path.read_text(encoding="utf-8") == first


def test_only_the_marked_section_of_a_document_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text("# Before\n<!-- bench kernels -->\nold \\1\n<!-- end of bench kernels -->\nAfter \\g<0>\n", "utf-8")
    write_markdown(REPORT, path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# Before\n<!-- bench kernels -->\n")
    assert text.endswith("<!-- end of bench kernels -->\nAfter \\g<0>\n")
    assert "old" not in text
    assert markdown(REPORT) in text


def test_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.md"
    path.write_text("# Mine\n<!-- bench frontend -->\n<!-- end of bench frontend -->\n", "utf-8")
    before = path.read_bytes()
    with pytest.raises(BenchFault, match="no place for the tables of `bench kernels`"):
        write_markdown(REPORT, path)
    assert path.read_bytes() == before


def test_json_holds_everything(tmp_path: Path) -> None:
    write_json(REPORT, tmp_path / "kernels.json")
    read = json.loads((tmp_path / "kernels.json").read_text(encoding="utf-8"))
    assert read["figures"] == {"rows": [1.25]}
    assert read["missed"] == ["pool"]
    assert read["tables"][0]["rows"] == [["dense", "1.25", "≤ 1.30: met"]]


@pytest.mark.parametrize(
    ("network", "board", "software", "cycles_per_mac"),
    [
        (silicon.AUTOENCODER, "NUCLEO-U575ZI-Q", "Plumerai 2023.05", 2.22),
        (silicon.AUTOENCODER, "NUCLEO-U575ZI-Q", "Bosch HALE 1.0, gcc 12.2", 2.30),
        (silicon.AUTOENCODER, "EK-RA6M4", "TFLM with CMSIS-NN", 3.49),
        (silicon.KEYWORD_SPOTTER, "EK-RA6M4", "TFLM with CMSIS-NN", 3.81),
        (silicon.KEYWORD_SPOTTER, "NUCLEO-U575ZI-Q", "Plumerai 2023.05", 1.81),
    ],
)
def test_published_times_give_the_known_cycles(network: str, board: str, software: str, cycles_per_mac: float) -> None:
    (result,) = [r for r in silicon.PUBLISHED if (r.network, r.board, r.software) == (network, board, software)]
    assert result.cycles_per_mac == pytest.approx(cycles_per_mac, abs=0.005)
