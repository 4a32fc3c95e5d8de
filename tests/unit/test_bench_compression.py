"""Tables of `bench compression`: from made-up cells; and the whole command on tones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from proofboard_harness.benchmarks.compression_rows import lever_table, method_rows, method_table, sparse_rom
from proofboard_harness.benchmarks.sparse_code import decoder_bytes
from proofboard_harness.product import Cell, ContestResult, Costs, Figures, MethodResult, VariantResult
from proofboard_host.search.rule import AccuracyRule
from tones_example import Workshop, assert_one_error

DECODERS = {"bitmap": 100, "rice": 200}
RULE = AccuracyRule(0.01, 0.1)


def cell(method: str, seed: int, rom: int, difference: float = 0.0, **weights: int) -> Cell:
    figures = Figures(0.9, 0.8, difference, difference - 0.005, -0.01, -0.05, 3, 2, 1.0, 0.05, 0.04, 0.0)
    sizes = {"dense": 50_000, "bitmap": 50_000, "rice": 50_000} | weights
    return Cell(method, "half", seed, 1000 * seed, rom // 2, Costs(rom, 40_000, 9000, 0.01), sizes, figures)


def result() -> ContestResult:
    plain = MethodResult("net", "int8", "int8", (cell("int8", 1, 60_000), cell("int8", 2, 60_000)))
    magnitude = MethodResult(
        "net",
        "magnitude",
        "magnitude",
        (cell("magnitude", 1, 60_000, bitmap=9000, rice=8000), cell("magnitude", 2, 60_000, bitmap=7000, rice=6950)),
    )
    ours = MethodResult("net", "ours", "ours", (cell("ours", 1, 11_000, 0.002), None))
    variants = (VariantResult("ours", 2, (cell("ours", 1, 11_000, 0.004), cell("ours", 2, 11_200, -0.02))),)
    return ContestResult((1, 2), RULE, (plain, magnitude, ours), variants)


def test_sparse_storage_counts_coded_weights_and_kernel() -> None:
    thin, thick = cell("magnitude", 1, 60_000, bitmap=9000, rice=8000), cell("magnitude", 2, 60_000)
    assert sparse_rom(thin, DECODERS) == ("rice", 60_000 - 50_000 + 8000 + 200)
    assert sparse_rom(thick, DECODERS) == ("dense", 60_000)


def test_method_without_a_network_that_keeps_accuracy_counts_as_plain_int8() -> None:
    rows = method_rows(result(), "net", DECODERS)
    assert [row.title for row in rows] == ["int8", "magnitude", "the same, stored sparse (rice, bitmap)", "ours"]
    assert rows[2].roms == (18_200, 17_100)
    assert rows[3].roms == (11_000, 60_000)
    assert (rows[3].kept, rows[3].mean_rom) == (1, 35_500)
    table = method_table("net", rows, result(), DECODERS)
    assert table.rows[3][:3] == ("ours", "35,500", "11,000–60,000")
    assert table.rows[3][-1] == "1 of 2"
    assert table.rows[0][2] == "60,000"


def test_levers_show_mean_and_spread() -> None:
    table = lever_table(result())
    (row,) = table.rows
    assert row[:2] == ("ours", "11,100")
    assert row[5:7] == ("-0.80", "-2.0 … +0.4")
    assert row[-1] == "1 of 2"


def test_kernels_are_small(tmp_path: Path) -> None:
    sizes = decoder_bytes(tmp_path)
    assert set(sizes) == set(DECODERS)
    assert all(40 < size < 400 for size in sizes.values())


def test_unknown_application_is_one_error(tmp_path: Path) -> None:
    shop = Workshop.make(tmp_path)
    assert_one_error(shop.call(shop.command("bench", "compression", "shout")), "shout", "known")


@pytest.mark.slow
def test_whole_comparison_on_tones(tmp_path: Path) -> None:
    shop = Workshop.make(tmp_path)
    order = shop.command(
        "bench", "compression", "tones.toml", "--data", "tones", "--seeds", "1", "--quick", "--out", "made"
    )
    done = shop.call(order)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "made" / "compression.json").read_text(encoding="utf-8"))
    assert report["command"] == "proofboard bench compression tones.toml --seeds 1 --quick"
    rows = report["figures"]["result"]["methods"]
    assert [row["name"] for row in rows] == ["int8", "uniform", "magnitude", "ours"] * 2
    ours = report["figures"]["result"]["variants"][0]["cells"][0]
    assert ours["costs"]["rom"] < rows[0]["cells"][0]["costs"]["rom"]
    assert "| ours |" in (tmp_path / "made" / "compression.md").read_text(encoding="utf-8")
    again = shop.call(order)
    assert again.returncode == 0
    assert "kept" not in again.stdout.split("ROM at equal accuracy")[0]  # nothing was made anew
