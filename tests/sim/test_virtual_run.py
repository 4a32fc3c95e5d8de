"""The main job on the virtual RA6E1, as a user runs it, and what its report says of image, answers and cycles."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.build import build_image
from proofboard_harness.cli import app
from typer.testing import CliRunner

CLIPS = 8


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Of a run whose network is quantised only: a search takes minutes, and CI has made one for another board."""
    work = tmp_path_factory.mktemp("virtual")
    text = (resources.files("proofboard_host.applications") / "scream.toml").read_text(encoding="utf-8")
    application = work / "scream.toml"
    application.write_text(text.replace('scheme = "search"', 'scheme = "int8"'), encoding="utf-8")
    arguments = ["run", str(application), "--board", "virtual-ra6e1", "--clips", str(CLIPS), "--stress", "100"]
    outcome = CliRunner().invoke(app, [*arguments, "--runs", str(work / "runs")])
    assert outcome.exit_code == 0, outcome.output
    (folder,) = (work / "runs").iterdir()
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    return found | {"folder": folder}


@pytest.mark.slow
def test_every_answer_is_the_references(summary: dict[str, Any]) -> None:
    assert summary["bit_exact"] == {"clips": 2 * CLIPS, "mismatches": 0, "first_mismatch": ""}
    assert summary["link"]["crc_errors"] == 0


@pytest.mark.slow
def test_cycles_are_modelled_beside_their_prediction(summary: dict[str, Any]) -> None:
    for cost in (*summary["cost"].values(), *summary["cost_baseline"].values()):
        assert (cost["unit"], cost["source"]) == ("cycles", "modelled")
        assert cost["target"] == pytest.approx(cost["predicted"], rel=0.03)
        low, high = cost["interval"]
        assert low == cost["target"] < high
    page = (summary["folder"] / "report.html").read_text(encoding="utf-8")
    assert "200 MHz" in page
    assert " ms a clip (modelled)" in page


@pytest.mark.slow
def test_the_image_is_the_boards(summary: dict[str, Any], tmp_path: Path) -> None:
    """Built once more, for the board itself."""
    assert summary["images"]["built_for"] == "fpb-ra6e1"
    folder = summary["folder"]
    generated = {path.name: path.read_text() for path in (folder / "compressed.generated").iterdir()}
    built = build_image(generated, load_board("fpb-ra6e1").folder, cache=tmp_path).product
    expected = hashlib.sha256(built.read_bytes()).hexdigest()
    assert summary["images"]["compressed"]["elf_sha256"] == expected
    assert hashlib.sha256((folder / "compressed.elf").read_bytes()).hexdigest() == expected
    assert expected in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_sizes_are_as_predicted(summary: dict[str, Any]) -> None:
    for name in ("baseline", "compressed"):
        assert summary["rom_bytes"][name] == pytest.approx(summary["rom_parts"][name]["predicted"], rel=0.05)
    assert [check for check in summary["checks"] if check["group"] == "size" and check["passed"] is False] == []
