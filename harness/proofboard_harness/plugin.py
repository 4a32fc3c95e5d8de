"""The pytest plug-in: a board by `--board`, flashed images and their links as fixtures, markers for what a test needs.

    @pytest.mark.simulator
    def test_answers(flash_board, my_elf):
        flashed = flash_board(my_elf)
        hello = flashed.target.greet(flashed.identity(model_hash="…"))

Without a board, tests that need one are skipped with the option to pass; `--require-board` makes that a failure, for
CI, where a missing simulator must not go unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .bench import Bench, open_bench
from .boards import known_boards, load_board, with_pack
from .elf import Image
from .errors import ProofboardError
from .spec import BoardSpec
from .symbols import build_id
from .target import Identity, Target
from .transport.inject import FaultPlan
from .transport.opening import open_target

_SPEC = pytest.StashKey[BoardSpec]()
_FAULTS = pytest.StashKey[FaultPlan]()
_MARKERS = {
    "hardware": "needs a real board, or a simulator that runs its image, chosen by --board",
    "simulator": "needs a simulated board, chosen by --board",
}


@dataclass(frozen=True)
class FlashedBoard:
    """A board that runs `image`. `target` speaks to it and has not greeted yet: a test may expect another identity."""

    bench: Bench
    image: Image
    target: Target

    def identity(self, model_hash: str) -> Identity:
        """What hello must say: this image's build id, and the given model hash."""
        return Identity(build_id(self.image), model_hash)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proofboard")
    group.addoption("--board", default=None, metavar="NAME", help="board for the tests that need one: name or folder")
    group.addoption("--pack", type=Path, default=None, metavar="FILE", help="CMSIS pack instead of our algorithm")
    group.addoption("--require-board", action="store_true", help="fail, not skip, where no board can be had")
    group.addoption("--inject", default=None, metavar="FAULTS", help="faults on purpose: loss=1e-4,reset=1/500,seed=7")
    group.addoption("--image", default=None, metavar="ELF", help="firmware image for the fixture flashed_board")


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in _MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    board: str | None = config.getoption("--board")
    inject: str | None = config.getoption("--inject")
    try:
        if inject is not None:
            config.stash[_FAULTS] = FaultPlan.parse(inject)
        if board is not None:
            config.stash[_SPEC] = with_pack(load_board(board), config.getoption("--pack"))
    except ProofboardError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip (or fail) before any fixture starts a simulator for nothing."""
    wanted = [name for name in _MARKERS if item.get_closest_marker(name)]
    if not wanted:
        return
    spec = _chosen_board(item.config)
    if not _kinds(spec).intersection(wanted):
        pytest.skip(f"{spec.name} is no {wanted[0]} board")


@pytest.fixture(scope="session")
def board_spec(pytestconfig: pytest.Config) -> BoardSpec:
    """The board of `--board`, as its file describes it."""
    return _chosen_board(pytestconfig)


@pytest.fixture(scope="session")
def board(board_spec: BoardSpec) -> Iterator[Bench]:
    """The board in use for the whole session: locked, or its simulator running."""
    with open_bench(board_spec) as bench:
        yield bench


@pytest.fixture
def flash_board(board: Bench, pytestconfig: pytest.Config) -> Iterator[Callable[[Path], FlashedBoard]]:
    """A function that programs an ELF file, verified, starts it, and gives the `FlashedBoard`; `--inject` meddles
    with its link."""
    faults = pytestconfig.stash.get(_FAULTS, None)
    opened: list[Target] = []

    def flash(elf: Path) -> FlashedBoard:
        for before in opened:
            before.close()
        image = Image.load(elf)
        target = open_target(board, image, faults)
        opened[:] = [target]
        board.probe.program(image)
        return FlashedBoard(board, image, target)

    try:
        yield flash
    finally:
        for target in opened:
            target.close()
        if opened and board.simulator is not None and board.simulator.alive:
            # A simulated core that waits for bytes takes all of a core of this machine, from the tests that follow.
            board.probe.halt()


@pytest.fixture
def firmware_image(pytestconfig: pytest.Config) -> Path:
    """The ELF file of `--image`; override it to bring your own."""
    path: str | None = pytestconfig.getoption("--image")
    if path is None:
        pytest.skip("no image: pass --image ELF, or override the fixture firmware_image")
    return Path(path)


@pytest.fixture
def flashed_board(flash_board: Callable[[Path], FlashedBoard], firmware_image: Path) -> FlashedBoard:
    """The board with `firmware_image` in its flash."""
    return flash_board(firmware_image)


def _kinds(spec: BoardSpec) -> set[str]:
    """The markers that the board satisfies: a simulator that runs the very image of a real board stands in for it."""
    if spec.simulator is None:
        return {"hardware"}
    return {"simulator", "hardware"} if spec.image_of else {"simulator"}


def _chosen_board(config: pytest.Config) -> BoardSpec:
    spec = config.stash.get(_SPEC, None)
    if spec is not None:
        return spec
    reason = f"no board: pass --board NAME, one of {', '.join(known_boards())}"
    if config.getoption("--require-board"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
