"""The plug-in's fixtures on a running simulator, as a project of a user's meets them."""

from __future__ import annotations

from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.boards import load_board

BOARD = "qemu-mps2-an505"
TESTS = """
from pathlib import Path

def test_the_core_runs(flash_board):
    flashed = flash_board(Path({elf!r}))
    assert flashed.target.greet(flashed.identity({model!r})).board == {board!r}

def test_the_core_stands(board):
    assert board.probe._target.is_halted()

def test_the_core_runs_again(flash_board, board):
    flashed = flash_board(Path({elf!r}))
    assert not board.probe._target.is_halted()
    assert flashed.target.greet(flashed.identity({model!r})).board == {board!r}
"""


def test_a_simulated_core_stands_between_tests(pytester: pytest.Pytester, tmp_path: Path) -> None:
    built = Built.make(integer_graph(7, 992, (16, 2), name="compressed"), load_board(BOARD), tmp_path / "builds")
    pytester.makepyfile(TESTS.format(elf=str(built.elf), model=built.identity.model_hash, board=BOARD))
    pytester.runpytest("--require-board", "--board", BOARD).assert_outcomes(passed=3)
