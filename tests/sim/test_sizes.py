"""Where the bytes of a linked image go: all of them, under the right names."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.elf import Image, sizes
from proofboard_harness.errors import FirmwareFault
from proofboard_harness.size_map import size_map
from proofboard_harness.spec import BoardSpec


def test_every_byte_of_flash_has_a_place(board_spec: BoardSpec, tmp_path: Path) -> None:
    graph = integer_graph(7, 992, (32, 20, 2), name="compressed")
    image = Image.load(Built.make(graph, board_spec, tmp_path).elf)
    pieces = size_map(image)
    linked = sizes(image, board_spec).rom_bytes
    groups: Counter[str] = Counter()
    for piece in pieces:
        groups[piece.group] += piece.size
    assert sum(groups.values()) == pytest.approx(linked, abs=64)  # alignment between sections
    assert groups["other"] < 0.03 * linked
    weights = groups["network: weights and constants"]
    assert graph.parameter_bytes <= weights <= graph.parameter_bytes * 1.02 + 300
    files = {piece.file: piece.group for piece in pieces}
    assert files["link.c"] == files["main.c"] == files["session.c"] == files["rtt.c"] == "link and protocol"
    assert files["dense_s8.c"] == "network: kernels"
    # A constant inside of a function is of that function's file.
    assert {piece.name for piece in pieces if piece.group == "C library" and "." in piece.name} == set()
    assert files["startup.c"] == files["memory.c"] == "start-up and board"
    assert {piece.group for piece in pieces if piece.of_network} == {group for group in groups if "network" in group}
    assert files["generated_frontend.c"] == "front end: tables"
    assert {piece.name for piece in pieces if piece.group == "C library"} <= {"memcpy", "memset", "strlen"}


def test_what_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(b"\x7fELF, but no more than that")
    with pytest.raises(FirmwareFault):
        size_map(Image(path, 0, (), (), ()))
