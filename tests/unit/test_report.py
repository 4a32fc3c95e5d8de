"""The record, the JUnit file, the page and the final table."""

from __future__ import annotations

import dataclasses
import io
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from proofboard_harness.errors import DataFault
from proofboard_harness.profile.figures import Cycles, Frame
from proofboard_harness.profile.rows import signed_percent
from proofboard_harness.report.codec import load_record, save_record
from proofboard_harness.report.flame import ROW, WIDTH, draw
from proofboard_harness.report.html import CLIPS_SHOWN, prose, render_html, typeset, write_html
from proofboard_harness.report.junit import write_junit
from proofboard_harness.report.record import Proportion, Rom, WrongClip
from proofboard_harness.report.rows import main_rows
from proofboard_harness.report.spectrogram import load_clip, spectrogram_png
from proofboard_harness.report.verdict import checks, passed
from proofboard_harness.tables import print_outcome
from report_example import example_record, failed_record, store_clips
from rich.console import Console


def test_a_record_comes_back_as_it_went_in(tmp_path: Path) -> None:
    for record in (example_record(), dataclasses.replace(failed_record(), comparison=None)):
        save_record(record, tmp_path / "record.json")
        assert load_record(tmp_path / "record.json") == record


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"app": 3}', '{"unknown": 1}'])
def test_a_file_that_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / "record.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataFault, match="no record"):
        load_record(tmp_path / "record.json")


def test_a_record_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="No such file"):
        load_record(tmp_path / "record.json")


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="no proportion"):
        Proportion(3, 2, 0, 1)
    with pytest.raises(ValueError, match="exceed"):
        Rom(total=10, fixed=6, weights=5)


def test_checks_judge() -> None:
    record = example_record()
    assert passed(record)
    assert not passed(failed_record())
    too_big = dataclasses.replace(record, board=dataclasses.replace(record.board, flash_bytes=500_000))
    assert [check.name for check in checks(too_big) if check.passed is False] == ["baseline image fits"]
    rom = dataclasses.replace(record.baseline.rom, predicted=500_000)
    off = dataclasses.replace(record, baseline=dataclasses.replace(record.baseline, rom=rom))
    assert [check.name for check in checks(off) if check.passed is False] == ["baseline ROM as predicted"]
    assert record.comparison is not None
    lost = dataclasses.replace(record, comparison=dataclasses.replace(record.comparison, kept=False))
    assert [check.group for check in checks(lost) if check.passed is False] == ["accuracy"]


def test_the_page_shows_what_the_search_tried(tmp_path: Path) -> None:
    page = render_html(example_record(), tmp_path)
    assert "proofboard run scream --board qemu-mps2-an505 --candidate NUMBER" in page
    rows = [line for line in page.splitlines() if 'class="text">' in line and "<td>" in line]
    assert ["★" in row for row in rows] == [True, False, False]
    assert "148\u202f772" in rows[0]
    assert "−0.61" in rows[0]
    assert "the loss is nan" in rows[2]
    assert 'class="front"' not in page  # the folder holds no plot
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "front.png").write_bytes(b"picture")
    assert 'src="data:image/png;base64,cGljdHVyZQ=="' in render_html(example_record(), tmp_path)
    assert "--candidate" not in render_html(dataclasses.replace(example_record(), search=None), tmp_path)


def test_rows_put_both_images_side_by_side() -> None:
    rows = {row.name: row for row in main_rows(example_record())}
    rom = rows["ROM"]
    assert (rom.baseline_host.text, rom.baseline_target.text) == ("536,900", "537,520")
    assert (rom.compressed_host.text, rom.compressed_target.text) == ("148,320", "148,772")
    assert rom.change == "-72.3 %"
    assert rom.better is True
    assert (rom.host_source, rom.target_source) == ("predicted", "linked")
    assert rom.compressed_host.detail == "-0.3 %"
    network = rows["network"]
    assert (network.compressed_host.text, network.compressed_host.detail) == ("152,000", "-1.4 %")
    assert (network.compressed_target.text, network.compressed_target.detail) == ("154,116", "to 215,762")
    assert (network.host_source, network.target_source) == ("predicted", "modelled")
    assert rows["MACs"].compressed_host.detail == ""
    assert rows["MACs"].change == "same"
    assert rows["field accuracy"].change == "-0.31 pp"
    assert rows["k-fold accuracy"].target_source is None


def test_junit_parses_and_counts(tmp_path: Path) -> None:
    write_junit(failed_record(), tmp_path / "junit.xml")
    suite = ET.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == len(checks(failed_record()))
    broken = {case.attrib["name"]: case.find("failure") for case in cases if case.find("failure") is not None}
    assert set(broken) == {"C on the simulator", "bit-exact"}
    assert int(suite.attrib["failures"]) == 2
    assert int(suite.attrib["skipped"]) == len(suite.findall("testcase/skipped")) == 1
    failure = broken["bit-exact"]
    assert failure is not None
    assert "element 17" in failure.attrib["message"]
    properties = {entry.attrib["name"]: entry.attrib["value"] for entry in suite.iter("property")}
    assert properties["ROM.compressed.linked"] == "148,772 bytes"
    assert properties["network.compressed.modelled"] == "154,116 cycles"
    assert "k-fold accuracy.compressed.target" not in properties


class Loads(HTMLParser):
    """Everything a browser would fetch or run, and the tags that stay open."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [
            (tag, value or "") for name, value in attributes if name in ("src", "href", "srcset", "data", "action")
        ]
        if tag in ("script", "iframe", "link", "object"):
            self.found.append((tag, "tag"))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def test_the_page_asks_nobody_for_anything(tmp_path: Path) -> None:
    record = example_record()
    store_clips(record, tmp_path)
    write_html(record, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    loads = Loads()
    loads.feed(page)
    assert loads.open == []
    assert len(loads.found) == CLIPS_SHOWN
    assert all(tag == "img" and value.startswith("data:image/png;base64,") for tag, value in loads.found)
    for outside in ("http://", "https://", "url(", "@import"):
        assert outside not in page


def test_the_page_says_what_the_run_found(tmp_path: Path) -> None:
    page = render_html(example_record(), tmp_path)
    for text in (
        "✓ Proved",
        "−72.3",
        "12 of 12 checks passed, 1 not run",
        "simulated",
        "12 of the 29 field",
        "no picture",
    ):
        assert text in page, text
    failed = render_html(failed_record(), tmp_path)
    assert "✗ Not proved" in failed
    assert "element 17: 41 expected, 40 found" in failed


def test_the_page_escapes_what_comes_from_files(tmp_path: Path) -> None:
    evil = WrongClip("compressed", "<script>alert(1)</script>", "a&b <i>", "scream", "other", "x.npy")
    page = render_html(dataclasses.replace(example_record(), wrong_clips=(evil,), notes=("<b>",)), tmp_path)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "a&amp;b &lt;i&gt;" in page


def test_a_page_has_layers_and_flames(tmp_path: Path) -> None:
    page = render_html(example_record(), tmp_path)
    assert page.count("<h2>Where the cycles go: ") == 2
    for words in ("+2.0", "hidden", "<small>Dense</small>", "fft: 900,000 cycles (43.6 %)", "103.12 ms"):
        assert words in page, words
    assert page.count("<svg") == 4
    assert page.count("<rect") == page.count("<title>") - 1  # the page's own


def test_a_page_of_a_board_has_no_flames(tmp_path: Path) -> None:
    record = example_record()
    images = {name: dataclasses.replace(getattr(record, name), profile=None) for name in ("baseline", "compressed")}
    page = render_html(dataclasses.replace(record, **images), tmp_path)
    assert "Where the cycles go" not in page
    assert "<svg" not in page


def frame(name: str, cycles: float, *children: Frame) -> Frame:
    return Frame(name, "network", 1, Cycles(cycles, cycles), children)


def test_flames_are_as_wide_as_their_cycles() -> None:
    flame = draw("a title", [frame("left", 750, frame("below", 250), frame("beside", 500)), frame("right", 250)])
    boxes = {box.label: box for box in flame.rectangles}
    assert [(box.x / WIDTH, box.y / ROW) for box in boxes.values()] == [(0, 0), (0, 1), (0.25, 1), (0.75, 0)]
    assert boxes["beside"].width == pytest.approx(2 * boxes["right"].width, rel=0.01)
    assert flame.height == 2 * ROW
    assert boxes["left"].title.startswith("left: 750 cycles (75.0 %)")


def test_flames_too_narrow_to_see_are_left_out() -> None:
    boxes = draw(
        "", [frame("pb_network_of_a_very_long_name" * 9, 9999), frame("thin", 40), frame("gone", 1)]
    ).rectangles
    assert len(boxes) == 2
    assert boxes[0].label.startswith("network_of")
    assert boxes[0].label.endswith("…")
    assert boxes[1].label == ""
    assert draw("", []).rectangles == draw("", [frame("nothing", 0)]).rectangles == ()


def test_a_page_without_the_optional_parts(tmp_path: Path) -> None:
    bare = dataclasses.replace(example_record(), ladder=(), comparison=None, wrong_clips=(), tools={}, notes=())
    page = render_html(bare, tmp_path)
    assert "The ladder" not in page
    assert "None." in page


def test_typeset() -> None:
    assert typeset("-72.3 %") == "−72.3\u202f%"
    assert typeset("96.2 to 97.6") == "96.2–97.6"
    assert typeset("-") == "–"
    assert prose("ROM 1,048,576 B; 2,3 of a,b") == "ROM 1\u202f048\u202f576 B; 2,3 of a,b"
    assert prose("qemu-mps2-an505: -0.13 to 1 (≥ -2), k-fold") == "qemu-mps2-an505: −0.13 to 1 (≥ −2), k-fold"


def test_an_error_too_small_to_show_has_no_sign() -> None:
    assert [signed_percent(share) for share in (-2e-5, 0.0, 4e-4, -0.0005001, 0.123, None)] == [
        "0.0 %",
        "0.0 %",
        "0.0 %",
        "-0.1 %",
        "+12.3 %",
        "-",
    ]


@pytest.mark.parametrize("shape", [(0,), (2, 2, 2)])
def test_arrays_of_another_shape_are_no_clips(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "clip.npy", np.zeros(shape, np.int16))
    with pytest.raises(DataFault, match="shape"):
        load_clip(tmp_path / "clip.npy")


def test_pickles_are_no_clips(tmp_path: Path) -> None:
    np.save(tmp_path / "clip.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataFault, match="no stored clip"):
        load_clip(tmp_path / "clip.npy")


@pytest.mark.parametrize("clip", [np.zeros(16000, np.int16), np.ones(10, np.int16), np.zeros((31, 32), np.int16)])
def test_even_silence_has_a_picture(clip: np.ndarray) -> None:
    assert spectrogram_png(clip).startswith(b"\x89PNG")


def test_a_tone_is_bright_at_its_frequency() -> None:
    from matplotlib.image import imread

    time = np.arange(16000) / 16000
    tone = (8000 * np.sin(2 * np.pi * 2000 * time)).astype(np.int16)
    picture = imread(io.BytesIO(spectrogram_png(tone)))[..., :3].sum(axis=2)
    # 2 kHz is bin 64 of 257, counted from the bottom row of the picture.
    assert int(picture.mean(axis=1).argmax()) == 256 - 64


def outcome(width: int, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(file=file, width=width)
    print_outcome(example_record(), console, Path("runs/a-very-long-name" * 6) / "report.html")
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_table_fits_and_is_plain_away_from_a_terminal(width: int) -> None:
    text = outcome(width)
    assert "\x1b" not in text
    assert "…" not in text
    lines = text.splitlines()
    report = next(line for line in lines if line.startswith("Report: "))
    assert report.endswith("report.html")
    assert max(len(line) for line in lines if line is not report) <= width
    for number in (
        "537,520",
        "148,772",
        "96.81 %",
        "96.0-97.4",
        "154,116",
        "<215,762",
        "-72.3 %",
        "linked",
        "modelled",
    ):
        assert number in text, number
    assert "Bit-exact: 400 of 400 clips, 0 mismatches" in text
    assert "Accuracy kept" in text
    assert "Proved: 12 of 12 checks passed, 1 not run" in lines
    assert "over the 200 clips streamed the target has 91.50 %, the host predicted 91.50 %" in " ".join(text.split())


def test_the_table_in_ascii() -> None:
    assert "537,520" in outcome(80, "ascii")


def test_a_failed_run_says_so() -> None:
    console = Console(file=io.StringIO(), width=120)
    print_outcome(failed_record(), console, Path("report.html"))
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "1 mismatch; first: clip field-0007" in text
    assert "FAILED ladder, C on the simulator" in text
    assert "NOT proved: " in text
