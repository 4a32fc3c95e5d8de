"""The pytest plug-in without a board: what is skipped, what fails, and what a person is told.

Its fixtures on a running simulator are what tests/sim/test_ladder.py is made with.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from board_example import METAL
from proofboard_harness.boards import known_boards

SIMULATED = "qemu-mps2-an505"

TESTS = """
import pytest

@pytest.mark.simulator
def test_simulated():
    pass

@pytest.mark.hardware
def test_real():
    pass

@pytest.mark.hardware
@pytest.mark.simulator
def test_either(board_spec):
    print("board is", board_spec.name)

def test_plain():
    pass
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of its own, whose tests take the plug-in as a user's do: by its entry point."""
    pytester.makeini("[pytest]\naddopts = --strict-markers\n")
    pytester.makepyfile(TESTS)
    return pytester


@pytest.fixture
def metal(pytester: pytest.Pytester) -> Path:
    folder: Path = pytester.mkdir("bench-board")
    (folder / "board.toml").write_text(METAL, encoding="utf-8")
    return folder


def test_without_a_board_tests_are_skipped_with_the_option_to_pass(project: pytest.Pytester) -> None:
    result = project.runpytest("-rs")
    result.assert_outcomes(passed=1, skipped=3)
    result.stdout.fnmatch_lines(["*no board: pass --board NAME, one of *qemu-mps2-an505*"])
    assert result.ret == pytest.ExitCode.OK


def test_required_board_that_is_missing_is_an_error(project: pytest.Pytester) -> None:
    result = project.runpytest("--require-board")
    result.assert_outcomes(passed=1, errors=3)
    result.stdout.fnmatch_lines(["*no board: pass --board NAME, one of *"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_simulator_runs_what_asks_for_one(project: pytest.Pytester) -> None:
    result = project.runpytest("-rs", "-s", "--require-board", "--board", SIMULATED)
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["*board is qemu-mps2-an505*", f"*{SIMULATED} is no hardware board*"])


def test_real_board_runs_what_asks_for_one(project: pytest.Pytester, metal: Path) -> None:
    result = project.runpytest("-rs", "-s", "--board", str(metal))
    result.assert_outcomes(passed=3, skipped=1)
    result.stdout.fnmatch_lines(["*board is bench-board*", "*bench-board is no simulator board*"])


def test_simulator_of_a_boards_image_stands_in_for_it(project: pytest.Pytester) -> None:
    result = project.runpytest("-s", "--require-board", "--board", "virtual-ra6e1")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["*board is virtual-ra6e1*"])


def test_unknown_board_is_one_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest("--board", "qemu-nothing")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: unknown board 'qemu-nothing'", f"*known: {', '.join(known_boards())}*"])
    assert "passed" not in result.stdout.str()


def test_wrong_board_file_is_one_usage_error(project: pytest.Pytester, metal: Path) -> None:
    (metal / "board.toml").write_text(METAL.replace('"cycles"', '"bananas"'), encoding="utf-8")
    result = project.runpytest("--board", str(metal))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *board.toml: *bananas*"])


def test_options_and_markers_are_told(project: pytest.Pytester) -> None:
    told = project.runpytest("--help").stdout
    told.fnmatch_lines(["*--board=NAME*", "*--require-board*", "*--image=ELF*"])
    markers = project.runpytest("--markers").stdout
    markers.fnmatch_lines(["*hardware: needs a real board*", "*simulator: needs a simulated board*"])


def test_no_image_is_a_skip_with_the_option_to_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_image(firmware_image):\n    print('image is', firmware_image)\n")
    skipped = pytester.runpytest("-rs")
    skipped.assert_outcomes(skipped=1)
    skipped.stdout.fnmatch_lines(["*no image: pass --image ELF, or override the fixture firmware_image*"])
    given = pytester.runpytest("-s", "--image", "my.elf")
    given.assert_outcomes(passed=1)
    given.stdout.fnmatch_lines(["*image is my.elf*"])


def test_image_can_be_a_fixture_of_the_users(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        "import pathlib, pytest\n@pytest.fixture\ndef firmware_image():\n    return pathlib.Path('own.elf')\n"
    )
    pytester.makepyfile("def test_image(firmware_image):\n    assert firmware_image.name == 'own.elf'\n")
    pytester.runpytest().assert_outcomes(passed=1)


def test_faults_on_purpose_that_are_none_are_one_usage_error(project: pytest.Pytester) -> None:
    result = project.runpytest("--inject", "lost=1e-3")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --inject: unknown fault 'lost'", "*known: delay, double, flip, loss, *"])
