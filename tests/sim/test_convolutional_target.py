"""A depthwise-separable network of a user, from its TOML file to the report: the real command on a real simulator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from proofboard_harness.spec import BoardSpec
from tones_example import BOARD, CLIPS, Workshop

pytestmark = [pytest.mark.simulator, pytest.mark.slow]

LAYERS = """hidden = [8]
layers = [
  { kind = "conv", channels = 8, stride = [2, 2] },
  { kind = "ds-conv", channels = 12 },
  { kind = "ds-conv", channels = 16, kernel = [5, 3], stride = [2, 2] },
]"""


def test_it_runs_bit_exactly(board_spec: BoardSpec, tmp_path: Path) -> None:
    assert board_spec.name == BOARD
    workshop = Workshop.make(tmp_path)
    file = tmp_path / "tones.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("hidden = [16, 8]", LAYERS), encoding="utf-8")
    done = workshop.call(workshop.run_command())
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Bit-exact: {2 * CLIPS} of {2 * CLIPS} clips, 0 mismatches" in done.stdout
    (folder,) = workshop.run_folders()
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert (summary["bit_exact"]["clips"], summary["bit_exact"]["mismatches"]) == (2 * CLIPS, 0)
    macs = 16 * 16 * (9 * 8 + 9 * 8 + 8 * 12) + 8 * 8 * (15 * 12 + 12 * 16) + 16 * 8 + 8 * 2
    assert summary["macs"] == {"baseline": macs + 16 * 8 * 8, "compressed": macs}
    assert summary["accuracy"]["kfold"]["compressed"] > 0.8
    for image in ("baseline", "compressed"):
        assert summary["rom_parts"][image]["predicted"] == pytest.approx(summary["rom_bytes"][image], rel=0.01)
