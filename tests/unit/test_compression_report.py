"""What a person sees of a search: live lines, table, Markdown, plot; and what a person may ask for."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.compression import Limits
from proofboard_harness.compression_report import markdown, write_search
from proofboard_harness.compression_tables import print_search, show_candidates
from proofboard_harness.errors import ConfigurationFault
from proofboard_harness.size_map import Piece
from proofboard_harness.size_tables import print_sizes, size_table
from proofboard_host.application import load_application
from proofboard_host.search.costs import Budgets, Costs
from proofboard_host.search.pipeline import SearchResult
from proofboard_host.search.points import Figures, Point
from proofboard_host.search.rule import AccuracyRule
from rich.console import Console
from search_example import CANDIDATE

FIGURES = Figures(0.963, 0.62, 0.0005, -0.0063, 0.0, -0.029, 20, 22, 0.88, 0.068, 0.04, -0.01)
AGAIN = dataclasses.replace(FIGURES, difference=-0.001, lower=-0.0071)


def make_result() -> SearchResult:
    plain = Point(0, "plain int8, all inputs", None, 129_576, 130_776, Costs(139_280, 50_000, 694_000, 0.03), FIGURES)
    winner = Point(1, CANDIDATE.label, CANDIDATE, 4_176, 440, Costs(11_164, 44_000, 288_000, 0.014), FIGURES, AGAIN)
    failed = Point(2, CANDIDATE.label, CANDIDATE, failure="training: the loss is nan at step 51 of 600")
    return SearchResult(
        (plain, winner, failed), (1,), 1, AccuracyRule(0.01, 0.1), Budgets(1 << 20, 1 << 18, 1.0), 123.4, True
    )


def text_of(width: int = 200) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    return Console(file=out, width=width, color_system=None), out


def test_the_table_marks_the_deployed_and_tells_both_trainings() -> None:
    console, out = text_of()
    print_search(make_result(), console)
    text = out.getvalue()
    row = next(line for line in text.splitlines() if "11,164" in line)
    assert "★" in row
    assert "-0.71" in row  # the confirmed figures, not the lucky ones
    assert "+0.05 (≥ -0.63) became -0.10 (≥ -0.71)" in text
    assert "the loss is nan" in text
    assert "The time limit ended the search" in text


def test_eighty_columns_hold_number_size_and_both_bounds() -> None:
    console, out = text_of(80)
    print_search(make_result(), console)
    lines = out.getvalue().splitlines()
    table = [line for line in lines if not line.startswith(("Differences", "Kept", "Candidate"))]
    row = next(line for line in table if "11,164" in line)
    assert row.split()[:2] == ["★", "1"]
    assert row.split()[-5:] == ["11,164", "4,176", "288,000", "-0.71", "-2.9"]
    assert len(row) <= 80


def test_lines_where_there_is_no_terminal() -> None:
    console, out = text_of()
    with show_candidates(console) as table:
        for point in make_result().points:
            table.add(point)
    lines = out.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("0: plain int8")
    assert "confirmed with fresh seeds" in lines[1]


def test_a_result_on_disk(tmp_path: Path) -> None:
    result = make_result()
    paths = write_search(result, tmp_path)
    assert {path.name for path in paths} == {"candidates.json", "candidates.md", "front.png"}
    assert (tmp_path / "front.png").read_bytes().startswith(b"\x89PNG")
    stored = json.loads((tmp_path / "candidates.json").read_text())
    assert stored["winner"] == 1
    assert stored["candidates"][1]["costs"]["rom"] == 11_164
    rows = [line for line in markdown(result).splitlines() if line.startswith("| ")]
    assert [row.split("|")[2].strip() for row in rows[1:]] == ["1", "0"]  # smallest first, the failed one left out


def test_limits_are_the_boards_unless_told() -> None:
    board, application = load_board("qemu-mps2-an505"), load_application("scream")
    assert Limits().budgets(board, application) == Budgets(1 << 20, 1 << 18, 1.0)
    assert Limits(16_000, 50_000, 20.0).budgets(board, application) == Budgets(16_000, 50_000, 0.02)
    changed = Limits(margin=0.5, trials=3).applied(application).compress
    assert (changed.margin, changed.trials) == (0.005, 3)
    assert Limits().applied(application) == application
    with pytest.raises(ConfigurationFault, match="a margin of -1 points"):
        Limits(margin=-1).applied(application)


def test_sizes_by_group(tmp_path: Path) -> None:
    pieces = [
        Piece("a", "dense_s4.c", "kernels", 700),
        Piece("b", "conv.c", "kernels", 100),
        Piece("c", "", "other", 200),
    ]
    console, out = text_of()
    console.print(size_table("image.elf", pieces, 1))
    lines = out.getvalue().splitlines()
    assert "image.elf: 1,000 B of flash" in lines[0]
    assert any("kernels" in line and "800" in line and "80.0%" in line for line in lines)
    assert any("1 more" in line and "100" in line for line in lines)
    with pytest.raises(ConfigurationFault, match="is neither an ELF file nor a run's folder"):
        print_sizes(tmp_path, console, pieces=1)
