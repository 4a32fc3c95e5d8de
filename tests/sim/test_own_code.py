"""What a board's own code takes, as its file says and as the linker does."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image, ImageSizes, sizes

ALIGNMENT = 64  # of functions and constants, which depends on their order


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("builds")


def linked(board: str, cache: Path) -> ImageSizes:
    spec = load_board(board)
    built = Built.make(integer_graph(3, 992, (8, 2), name="compressed"), spec, cache)
    return sizes(Image.load(built.elf), spec)


@pytest.mark.parametrize("board", ["fpb-ra6e1", "voice-ra6e1", "virtual-ra6e1", "renode-ra6e1"])
def test_own_code_is_what_the_linker_adds(board: str, cache: Path) -> None:
    fitted, own = linked("qemu-mps2-an505", cache), linked(board, cache)
    said = load_board(board).own_code
    assert own.rom_bytes - fitted.rom_bytes == pytest.approx(said.rom, abs=ALIGNMENT)
    assert own.ram_bytes - fitted.ram_bytes == said.ram
