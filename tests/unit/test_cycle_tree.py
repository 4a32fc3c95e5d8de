"""Sums over a tree of calls, and the files between the plug-in and Proofboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from board_example import METAL
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.errors import BenchFault, ConfigurationFault
from proofboard_harness.simulator.cycle_output import Function, read_output, write_settings
from proofboard_harness.simulator.cycle_tree import CallTree, Counts, InstructionClass, InstructionCounts, by_function
from proofboard_harness.spec import BoardSpec, CacheSpec, read_board

_FUNCTIONS = (Function("main", 0x100, 0x120), Function("pb_run", 0x120, 0x160))
_CLASSES = " ".join("5" if kind is InstructionClass.LOAD else "0" for kind in InstructionClass)
_OUTPUT = f"""node 2 1 1 272 3 5 7 4 20 0 {_CLASSES}
node 1 0 0 0 1 5 5 0 0 8 {_CLASSES}
node 0 -1 -1 0 0 0 0 0 0 0 {" ".join("0" for _ in InstructionClass)}
code 292 3 3
code 288 3 4
code 288 2 2
end
"""


def _node(function: str, low: int, *children: CallTree, calls: int = 1) -> CallTree:
    classes = {InstructionClass.ALU: low}
    return CallTree(function, 0, calls, Counts(low, low, 2 * low, 1, 2), classes, children)


_TREES = st.recursive(
    st.builds(_node, st.sampled_from("abc"), st.integers(0, 99)),
    lambda inner: st.builds(
        lambda function, low, children: _node(function, low, *children),
        st.sampled_from("abc"), st.integers(0, 99), st.lists(inner, max_size=3),
    ),
)  # fmt: skip


@given(_TREES)
def test_sums_by_function_hold_all_that_was_counted(tree: CallTree) -> None:
    rows = by_function(_node("all", 0, tree))
    assert sum((row.own for row in rows), Counts()) == tree.total
    assert sum(row.calls for row in rows) == sum(node.calls for node in tree.walk())
    for row in rows:
        assert row.own.low <= row.total.low <= tree.total.low
        assert sum(row.classes.values()) == row.own.instructions
    assert next(row for row in rows if row.function == tree.function).total == tree.total


def test_recursive_function_is_summed_once() -> None:
    tree = _node("all", 0, _node("f", 10, _node("g", 5, _node("f", 3))))
    f = next(row for row in by_function(tree) if row.function == "f")
    assert (f.calls, f.own.low, f.total.low) == (2, 13, 18)


def test_output_becomes_a_tree(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    path.write_text(_OUTPUT, encoding="ascii")
    profile = read_output(path, _FUNCTIONS)
    assert [(node.function, node.call_site, node.calls) for node in profile.tree.walk()] == [
        ("all", 0, 0),
        ("main", 0, 1),
        ("pb_run", 272, 3),
    ]
    run = profile.tree.find("pb_run")[0]
    assert run.own == Counts(instructions=5, low=7, high=11, bytes_read=20, bytes_written=0)
    assert run.classes == {InstructionClass.LOAD: 5}
    assert profile.tree.total == Counts(10, 12, 16, 20, 8)
    assert profile.instructions == (InstructionCounts(288, 5, 6), InstructionCounts(292, 3, 3))


@pytest.mark.parametrize("lines", [0, 1, 4])
def test_counts_that_are_not_whole_are_refused(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "counts"
    path.write_text("".join(_OUTPUT.splitlines(keepends=True)[:lines]), encoding="ascii")
    with pytest.raises(BenchFault, match="not whole"):
        read_output(path, _FUNCTIONS)


def test_missing_counts_are_the_simulators_fault(tmp_path: Path) -> None:
    with pytest.raises(BenchFault, match="left no counts"):
        read_output(tmp_path / "counts", _FUNCTIONS)


def _board(tmp_path: Path, text: str) -> BoardSpec:
    path = tmp_path / "board.toml"
    path.write_text(text, encoding="utf-8")
    return read_board(path)


def _waiting(more: str = "[cache]\nlines = 64\nline_bytes = 32\nfill_cycles = 7\n") -> str:
    return METAL.replace("size = 0x40000\n", "size = 0x40000\nwait_states = 1\n").replace(
        "erase_block = 0x2000\n", f"erase_block = 0x2000\nwait_states = 3\n{more}"
    )


def test_board_without_wait_states_has_none(tmp_path: Path) -> None:
    spec = _board(tmp_path, METAL)
    assert [region.wait_states for region in spec.memory] == [0, 0]
    assert spec.cache is None


def test_settings_say_what_the_board_file_says(tmp_path: Path) -> None:
    spec = _board(tmp_path, _waiting())
    assert spec.cache == CacheSpec(lines=64, line_bytes=32, fill_cycles=7)
    settings = tmp_path / "settings"
    write_settings(settings, tmp_path / "counts", spec, _FUNCTIONS, ["pb_run"])
    assert settings.read_text(encoding="utf-8").splitlines() == [
        f"output {tmp_path / 'counts'}",
        "cache 40 5 7",
        "region 0 fffff 3 1",
        "region 20000000 2003ffff 1 0",
        "function 100 120",
        "function 120 160",
        "window 120",
    ]


def test_window_that_the_image_lacks_is_named(tmp_path: Path) -> None:
    spec = _board(tmp_path, METAL)
    with pytest.raises(ConfigurationFault, match="no function 'pb_walk'"):
        write_settings(tmp_path / "settings", tmp_path / "counts", spec, _FUNCTIONS, ["pb_walk"])


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("[cache]\nlines = 48\nline_bytes = 32\n", "48 is not a power of two"),
        ("[cache]\nlines = 64\nline_bytes = 2\n", "2 is not in 4..1024"),
        ("[cache]\nlines = 64\n", "'line_bytes' is missing"),
        ("[cache]\nlines = 64\nline_bytes = 32\nways = 4\n", "unknown key 'ways'"),
    ],
)
def test_wrong_cache_is_named(tmp_path: Path, wrong: str, named: str) -> None:
    with pytest.raises(ConfigurationFault, match=named):
        _board(tmp_path, _waiting(wrong))
