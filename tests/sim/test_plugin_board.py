"""The plug-in's fixtures on a running simulator, as a project of a user's meets them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.boards import load_board
from proofboard_harness.profile.clips import save_clips
from proofboard_host.frontend.adversarial import adversarial_clips

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


README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """What a test takes from the folder of a run."""
    built = Built.make(integer_graph(7, 992, (16, 2), name="compressed"), load_board(BOARD), tmp_path / "builds")
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copyfile(built.elf, folder / "compressed.elf")
    images = {"images": {"compressed": {"model_hash": built.identity.model_hash}}}
    (folder / "summary.json").write_text(json.dumps(images), encoding="utf-8")
    pcm = adversarial_clips(2, built.network.window, seed=3)
    save_clips(folder, pcm, {"compressed": built.network.reference(pcm).words})
    return folder


def example_of(readme: Path, run_folder: Path) -> str:
    """The test that the README shows, of this run."""
    (code,) = re.findall(r"```python\n(.*?)```", readme.read_text(encoding="utf-8"), re.DOTALL)
    text, found = re.subn(r'RUN = Path\("[^"]*"\)', f"RUN = Path({str(run_folder)!r})", code)
    assert found == 1
    return text


def test_the_readmes_example_passes(pytester: pytest.Pytester, run_folder: Path) -> None:
    pytester.makepyfile(example_of(README, run_folder))
    pytester.runpytest("--require-board", "--board", BOARD).assert_outcomes(passed=1)


def test_the_readmes_example_shows_an_answer_that_differs(pytester: pytest.Pytester, run_folder: Path) -> None:
    wrong = example_of(README, run_folder).replace("tuple(words.tolist())", "(12345, *words.tolist()[1:])")
    pytester.makepyfile(wrong)
    result = pytester.runpytest("--require-board", "--board", BOARD)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *At index 0 diff: * != 12345"])
