"""From a tree of calls to stages and layers, the clips that a run keeps, and what a wrong folder is told."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from graph_example import float_graph, integer_graph, residual_graph
from proofboard_harness.errors import ConfigurationFault, DataFault, FirmwareFault
from proofboard_harness.measurement import Source
from proofboard_harness.profile.attribution import FRONTEND, NETWORK, Attribution, Predictions, attribute
from proofboard_harness.profile.call_sites import CallSites, layer_ends
from proofboard_harness.profile.clips import load_clips, save_clips, spread
from proofboard_harness.profile.command import ProfileOptions, profile_run, save_profiles
from proofboard_harness.profile.figures import Cycles, ImageProfile, LayerCost, LayerFacts
from proofboard_harness.profile.rows import cost_rows
from proofboard_harness.profile.tables import FULL_WIDTH, print_profiles
from proofboard_harness.report.codec import save_record
from proofboard_harness.simulator.cycle_tree import CallTree, Counts
from proofboard_host.graph.emit import emit_network
from proofboard_host.graph.graph import Graph
from report_example import example_record, profile
from rich.console import Console

CLIPS = 2


def node(function: str, site: int, own: int, *children: CallTree, calls: int = CLIPS) -> CallTree:
    counts = Counts(instructions=own, low=2 * own, high=3 * own, bytes_read=4 * own, bytes_written=5 * own)
    return CallTree(function, site, calls, counts, {}, children)


def tree(*, frame_inlined: bool = False) -> CallTree:
    """A network of two layers, the second in two calls whose code lies before the first one's."""
    stages = (
        node("pb_frontend_fft", 1, 60, node("stage", 9, 40, calls=30), calls=10),
        node("pb_frontend_mel", 2, 20, calls=10),
    )
    loop = stages if frame_inlined else (node("pb_frontend_frame", 3, 0, *stages, calls=10),)
    network = (
        node("pb_relu", 0x10, 30),
        node("pb_argmax", 0x20, 10),
        node("pb_dense", 0x30, 50, node("row", 5, 50, calls=12)),
        node("pb_dense", 0x40, 100),
    )
    return CallTree("all", 0, 0, Counts(), {}, (node(FRONTEND, 0, 6, *loop), node(NETWORK, 0, 4, *network)))


LAYER_OF = {0x10: 1, 0x20: None, 0x30: 0, 0x40: 1}
FACTS = (LayerFacts("hidden", "Dense", 40, 99.0), LayerFacts("logits", "Dense", 13, 143.0))
PREDICTED = Predictions(FACTS, 130.0, 250.0)


def attributed(counted: CallTree) -> Attribution:
    return attribute(counted, CLIPS, PREDICTED, LAYER_OF.__getitem__)


@pytest.mark.parametrize("frame_inlined", [False, True])
def test_stages_are_what_the_loop_over_frames_calls(frame_inlined: bool) -> None:
    found = attributed(tree(frame_inlined=frame_inlined))
    assert [(cost.name, cost.calls, cost.cycles.low) for cost in found.stages] == [
        ("fft", 5, 100),
        ("mel", 5, 20),
        ("rest", 1, 6),
    ]
    assert found.frontend.cycles == Cycles(low=126, high=189, instructions=63, bytes_read=252, bytes_written=315)
    assert found.frontend.error == pytest.approx(130 / 126 - 1)


def test_layers_are_all_their_calls() -> None:
    found = attributed(tree())
    assert [(cost.name, cost.kind, cost.cycles.low, cost.predicted) for cost in found.layers] == [
        ("hidden", "Dense", 100, 99),
        ("logits", "Dense", 130, 143),
        ("rest", "", 14, 8),
    ]
    assert found.network.cycles.low == sum(cost.cycles.low for cost in found.layers)
    assert found.layers[0].error == pytest.approx(-0.01)
    assert found.layers[0].cycles_per_mac == 2.5
    assert found.layers[2].cycles_per_mac is None
    assert found.network.macs == 53


def test_frames_hold_layers_and_paths() -> None:
    frontend, network = attributed(tree()).frames
    assert [child.name for child in frontend.children] == ["pb_frontend_frame"]
    assert [child.name for child in network.children] == ["hidden", "logits", "pb_argmax"]
    assert [(child.name, child.calls) for child in network.children[0].children] == [("pb_dense", 1)]
    assert network.children[0].children[0].children[0].name == "row"
    assert sum(child.cycles.low for child in network.children) == network.cycles.low - 4


def test_functions_are_summed_over_their_callers() -> None:
    functions = {cost.name: cost for cost in attributed(tree()).functions}
    dense = functions["pb_dense"]
    assert (dense.calls, dense.own.low, dense.total.low) == (2, 150, 200)
    assert sum(cost.own.low for cost in functions.values()) == 126 + 244


def test_a_network_that_ran_twice_for_a_clip_is_no_profile() -> None:
    with pytest.raises(FirmwareFault, match="pb_frontend_run ran 2 times for 1 clips"):
        attribute(tree(), 1, PREDICTED, LAYER_OF.__getitem__)
    with pytest.raises(FirmwareFault, match="pb_frontend_run ran 0 times"):
        attribute(CallTree("all", 0, 0, Counts(), {}, ()), CLIPS, PREDICTED, LAYER_OF.__getitem__)


@pytest.mark.parametrize(
    "graph", [integer_graph(1, 40), float_graph(2, 40), residual_graph(3, 40)], ids=["dense", "float", "branches"]
)
def test_each_call_of_generated_c_is_of_the_layer_whose_constants_it_names(graph: Graph, tmp_path: Path) -> None:
    source = tmp_path / "generated_network.c"
    source.write_text(emit_network(graph, window=1000), encoding="utf-8")
    ends = layer_ends(source)
    assert len(ends) == len(graph.operators)
    lines = source.read_text(encoding="utf-8").splitlines()
    sites = CallSites(tuple(range(len(lines))), tuple(range(1, len(lines) + 1)), ends)
    body = next(number for number, line in enumerate(lines) if line.startswith("uint32_t pb_generated_network_run"))
    named = 0
    for number, line in enumerate(lines[body:], body):
        if "_run(" in line and "layer_" in line:
            assert f"layer_{sites.layer(number)}_" in line
            named += 1
    assert named == len(graph.operators)
    assert sites.layer(next(number for number, line in enumerate(lines) if "pb_argmax" in line)) is None


def test_code_of_other_files_is_of_no_layer() -> None:
    sites = CallSites((100, 110, 120), (7, 0, 9), (8,))
    assert (sites.layer(100), sites.layer(109), sites.layer(120)) == (0, 0, None)
    for address in (99, 110, 119):
        with pytest.raises(FirmwareFault, match=r"is not one of generated_network\.c"):
            sites.layer(address)


@pytest.mark.parametrize("text", ["", "observer(context, 1, x, 4);", "int main(void) {}"])
def test_other_c_is_no_generated_network(tmp_path: Path, text: str) -> None:
    path = tmp_path / "generated_network.c"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FirmwareFault, match="no generated network"):
        layer_ends(path)


def test_an_image_without_lines_says_so(tmp_path: Path) -> None:
    source = tmp_path / "generated_network.c"
    source.write_text("observer(context, 0, x, 4);", encoding="utf-8")
    with pytest.raises(FirmwareFault, match="No such file"):
        CallSites.load(tmp_path / "none.elf", source)
    (tmp_path / "text.elf").write_text("text")
    with pytest.raises(FirmwareFault, match="not an ELF file"):
        CallSites.load(tmp_path / "text.elf", source)


def test_kept_clips_come_back_spread_over_their_order(tmp_path: Path) -> None:
    pcm = np.arange(12, dtype=np.int16).reshape(6, 2)
    words = {"baseline": np.arange(6, dtype=np.int32)[:, None], "compressed": -np.arange(6, dtype=np.int32)[:, None]}
    save_clips(tmp_path, pcm, words)
    found = load_clips(tmp_path, "compressed", 3)
    assert found.pcm.tolist() == [[0, 1], [4, 5], [8, 9]]
    assert found.words.tolist() == [[0], [-2], [-4]]
    assert load_clips(tmp_path, "baseline", 8).pcm.tolist() == pcm.tolist()
    assert spread("abcde", 2) == ["a", "c"]


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 cut short", b"text"])
def test_damaged_clips_are_a_data_fault(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "profile-clips.npz").write_bytes(damage)
    with pytest.raises(DataFault, match="holds no clips"):
        load_clips(tmp_path, "baseline", 1)


def test_what_a_wrong_folder_is_told(tmp_path: Path) -> None:
    options = ProfileOptions(tmp_path, ("baseline",), 1)
    with pytest.raises(DataFault, match="No such file"):
        profile_run(options, lambda *_: None)
    save_record(example_record(), tmp_path / "record.json")
    with pytest.raises(DataFault, match="before runs were profiled"):
        profile_run(options, lambda *_: None)
    with pytest.raises(ConfigurationFault, match="unknown board"):
        profile_run(dataclasses.replace(options, board="qemu-nothing"), lambda *_: None)


def test_profiles_are_written_whole(tmp_path: Path) -> None:
    record = example_record()
    assert record.compressed.profile is not None
    path = save_profiles([record.compressed.profile], tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    assert '"hidden"' in path.read_text(encoding="utf-8")


def printed(shown: ImageProfile, width: int, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None)
    print_profiles([shown], console, Path("runs/x/profile.json"))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


EXAMPLE = profile("compressed", LayerCost("network", "", 1, Cycles(154_116, 215_762), 152_000, 129_576), "Dense")


def test_tables_hold_every_figure_away_from_a_terminal() -> None:
    text = printed(EXAMPLE, 40)
    lines = text.splitlines()
    assert max(map(len, lines)) <= FULL_WIDTH
    hidden = next(line for line in lines if "hidden" in line)
    figures = "hidden 1 124,834 138,704 194,186 141,478 +2.0 % 6.7 % 1.09 110,964"
    assert hidden.split() == figures.split()
    assert "not measured" in text
    assert "20 MHz" in text
    assert "pb_frontend_fft" in text


def test_a_narrow_terminal_gets_the_brief_table() -> None:
    text = printed(EXAMPLE, 80, terminal=True)
    assert max(map(len, text.splitlines())) <= 80
    assert "138,704" in text
    assert "…" not in text


def test_a_board_tells_front_end_and_network_only() -> None:
    cost = LayerCost("network", "", 1, Cycles(1000, 1000), 900)
    measured = ImageProfile(
        "baseline", 3, 1, Source.MEASURED, 200_000_000, dataclasses.replace(cost, name="front"), cost
    )
    text = printed(measured, 80)
    assert "measured cycles" in text
    assert "modelled" not in text
    assert "-10.0 %" in text
    assert "1 of 3 answers are not the reference's" in text
    assert cost.measurement(Source.MEASURED).lower is None
    assert cost.measurement(Source.MODELLED).upper == 1000


def test_a_share_of_nothing() -> None:
    nothing = LayerCost("nothing", "", 0, Cycles(0, 0), 5)
    rows = cost_rows(ImageProfile("baseline", 1, 0, Source.MODELLED, 1, nothing, nothing))
    assert [(row.share, row.error) for row in rows] == [("-", "-")] * 2
