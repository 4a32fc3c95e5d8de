"""summary.json: the keys that others read, each documented."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from proofboard_harness.errors import BenchFault
from proofboard_harness.measurement import Source
from proofboard_harness.report.record import Cost
from proofboard_harness.report.summary import summary_document, write_summary
from report_example import example_record, failed_record

DOCUMENT = Path(__file__).parents[2] / "docs" / "summary.md"
IMAGES = ("baseline", "compressed")
NUMBERS = [
    "clips.kfold",
    "clips.field",
    "bit_exact.clips",
    "bit_exact.mismatches",
    *(f"accuracy.{split}.{image}" for split in ("kfold", "field") for image in IMAGES),
    *(f"rom_bytes.{which}" for which in (*IMAGES, "fixed")),
    *(f"ram_bytes.{image}" for image in IMAGES),
    *(f"macs.{image}" for image in IMAGES),
    *(f"cost.{part}.{side}" for part in ("frontend", "network") for side in ("predicted", "target")),
    "link.bytes",
    "link.seconds",
    "link.retransmits",
]
TEXTS = ["app", "board", *(f"cost.{part}.{key}" for part in ("frontend", "network") for key in ("unit", "source"))]


def look_up(document: dict[str, Any], key: str) -> Any:
    for part in key.split("."):
        document = document[part]
    return document


def test_the_promised_keys_hold_plain_numbers_and_texts(tmp_path: Path) -> None:
    write_summary(example_record(), tmp_path / "summary.json")
    document = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    for key in NUMBERS:
        assert type(look_up(document, key)) in (int, float), key
    for key in TEXTS:
        assert type(look_up(document, key)) is str, key
    assert set(document["tools"]) == {"arm-none-eabi-gcc", "qemu-system-arm", "pyocd", "torch"}


def test_the_values_are_those_of_the_record() -> None:
    record = example_record()
    document = summary_document(record)
    assert document["accuracy"]["field"] == {"baseline": 296 / 324, "compressed": 295 / 324}
    assert document["accuracy"]["kfold"] == {"baseline": 2339 / 2412, "compressed": 2335 / 2412}
    assert document["rom_bytes"] == {"baseline": 537_520, "compressed": 148_772, "fixed": 17_412}
    assert document["cost"]["network"] == {
        "predicted": 152_000,
        "target": 154_116,
        "unit": "cycles",
        "source": "modelled",
        "interval": [154_116, 1.4 * 154_116],
        "instructions": 0.9 * 154_116,
        "error": 152_000 / 154_116 - 1,
    }
    (hidden, logits, rest) = document["profile"]["compressed"]["layers"]
    assert (hidden["name"], hidden["operator"], hidden["macs"]) == ("hidden", "Dense", 126_976)
    assert hidden["error"] == pytest.approx(0.02)
    assert logits["error"] == pytest.approx(-0.01)
    assert rest["macs"] is None
    assert document["cost_baseline"]["network"]["target"] == 783_902
    parts = document["rom_parts"]["compressed"]
    assert parts["fixed"] + parts["weights"] + parts["other"] == document["rom_bytes"]["compressed"]
    lower, upper = document["accuracy_interval"]["field"]["compressed"]
    assert lower < document["accuracy"]["field"]["compressed"] < upper
    assert document["accuracy_target"]["compressed"] == {"clips": 200, "target": 183 / 200, "host": 183 / 200}


def test_passed_follows_the_checks() -> None:
    assert summary_document(example_record())["passed"] is True
    document = summary_document(failed_record())
    assert document["passed"] is False
    assert [check["name"] for check in document["checks"] if check["passed"] is False] == [
        "C on the simulator",
        "bit-exact",
    ]
    unsure = dataclasses.replace(example_record(), comparison=None)
    assert summary_document(unsure)["accuracy_kept"] is None


def test_on_a_board_there_is_no_profile() -> None:
    record = example_record()
    cost = Cost(100, 110, "cycles", Source.MEASURED)
    image = dataclasses.replace(record.compressed, profile=None, network=cost)
    document = summary_document(dataclasses.replace(record, compressed=image))
    assert document["profile"]["compressed"] is None
    assert document["cost"]["network"]["interval"] is None
    assert document["cost"]["network"]["source"] == "measured"


def test_every_key_is_documented() -> None:
    documented = set()
    for keys in re.findall(r"^\| (.+?) \|", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE):
        for key in re.findall(r"`([^`]+)`", keys):
            documented |= set(_expand(key.removesuffix("[]")))
    assert set(_leaves(summary_document(example_record()))) - documented == set()


def _expand(key: str) -> list[str]:
    match = re.search(r"\{([^}]*)\}", key)
    if match is None:
        return [key]
    return [
        full for option in match[1].split(",") for full in _expand(key[: match.start()] + option + key[match.end() :])
    ]


def _leaves(document: dict[str, Any], prefix: str = "") -> list[str]:
    """Dotted keys; tables whose keys are names (tools, sections) and the twin of `cost` count as one."""
    found = []
    for key, value in document.items():
        name = prefix + key
        if isinstance(value, dict) and key not in ("tools", "sections", "layers", "cost_baseline"):
            found += _leaves(value, f"{name}.")
        else:
            found.append(name)
    return found


def test_a_folder_that_is_not_there_is_a_bench_fault(tmp_path: Path) -> None:
    with pytest.raises(BenchFault, match="No such file"):
        write_summary(example_record(), tmp_path / "missing" / "summary.json")


def test_an_old_summary_stays_whole_when_the_new_one_can_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_summary(dataclasses.replace(example_record(), seconds=float("nan")), path)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_times_are_the_cycles_at_the_nominal_clock() -> None:
    record = example_record()
    profile = record.compressed.profile
    assert profile is not None
    found = summary_document(record)["profile"]["compressed"]
    low = profile.frontend.cycles.low + profile.network.cycles.low
    assert found["milliseconds"]["low"] == 1000 * low / found["clock_hz"]
    assert found["milliseconds"]["low"] <= found["milliseconds"]["high"]


def test_candidates_of_the_search() -> None:
    document = summary_document(example_record())["search"]
    assert (document["deployed"], document["seconds"]) == (2, 214.6)
    assert [candidate["number"] for candidate in document["candidates"]] == [2, 0, 1]
    assert document["candidates"][1]["rooms_lower"] is None
    assert "nan" in document["candidates"][2]["failure"]
    assert summary_document(dataclasses.replace(example_record(), search=None))["search"] is None
