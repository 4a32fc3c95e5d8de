"""The board's firmware on the virtual RA6E1: what it says and shows, and what it makes of faults on purpose."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image
from proofboard_harness.errors import TargetFault
from proofboard_harness.link import open_serial
from proofboard_harness.oracle import is_exact
from proofboard_harness.probe.flasher import open_simulated_probe
from proofboard_harness.probe.gdb_remote import GdbRemote
from proofboard_harness.probe.ra6e1_flash import Ra6e1Flash
from proofboard_harness.probe.rsp import RspClient
from proofboard_harness.simulator.virtual_ra6e1.launch import VirtualBoard, run_virtual
from proofboard_harness.spec import BoardSpec
from proofboard_harness.symbols import locate
from proofboard_harness.target import Target
from proofboard_host.frontend.adversarial import adversarial_clips


@pytest.fixture(scope="module")
def spec() -> BoardSpec:
    return load_board("virtual-ra6e1")


@pytest.fixture(scope="module")
def built(spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Built:
    return Built.make(integer_graph(7, 992, (8, 2), name="compressed"), spec, tmp_path_factory.mktemp("builds"))


@contextlib.contextmanager
def running(spec: BoardSpec, elf: Path, *arguments: str) -> Iterator[tuple[VirtualBoard, Target]]:
    """The board flashed and let go, nobody at its GDB stub."""
    image = Image.load(elf)
    with run_virtual(spec, arguments) as board:
        (url,) = board.endpoints.serial_urls
        link = open_serial(url, spec.link.baud)
        with contextlib.closing(Target(link, lambda: None, lambda address: locate(image, address))) as target:
            probe = open_simulated_probe(spec, *board.endpoints.gdb, board.check_alive)
            probe.program(image)
            probe.close()
            yield board, target


def test_hello_says_which_chip_it_is(spec: BoardSpec, built: Built) -> None:
    """Part number and unique id, of the factory data in `factory.py`."""
    with running(spec, built.elf) as (_, target):
        hello = target.greet(built.identity)
    assert hello.chip == "R7FA6E10F2CFP " + b"virtual\x00RA6E1\x00\x00\x01".hex()


def test_the_led_beats(spec: BoardSpec, built: Built) -> None:
    """P408PFS: PDR and PODR, high and low in turn."""
    with running(spec, built.elf) as (board, target):
        target.greet(built.identity)
        seen: list[int] = []
        while len(seen) < 3:
            remote = GdbRemote(RspClient.connect(*board.endpoints.gdb))
            value = int.from_bytes(remote.read_memory(0x4008_0920, 4), "little")
            remote.resume()
            remote.detach()
            if not seen or seen[-1] != value:
                seen.append(value)
            time.sleep(0.05)
        assert set(seen[1:]) == {0b100, 0b101}


def test_an_oscillator_that_never_comes_is_told_by_name(spec: BoardSpec, built: Built) -> None:
    with (
        running(spec, built.elf, "--hoco-never-stable") as (_, target),
        pytest.raises(TargetFault, match=r"the target crashed: exception 0, .*PC .*awaited_OSCSF_HOCOSF"),
    ):
        target.greet(built.identity)


def ask(board: VirtualBoard, command: str) -> str:
    """Of the monitor, while the board stands for a moment."""
    remote = GdbRemote(RspClient.connect(*board.endpoints.gdb))
    answer = remote.monitor(command)
    remote.resume()
    remote.detach()
    return answer


WATCHDOG = 2000
"""Milliseconds; the firmware refreshes after 1,024 polls, which are half a second of a board that waits."""


@pytest.mark.parametrize("faults", [(), ("--hoco-never-stable",)], ids=["main loop", "fault report"])
def test_a_watchdog_of_somebody_else_lets_it_live(spec: BoardSpec, built: Built, faults: tuple[str, ...]) -> None:
    with running(spec, built.elf, "--watchdog", str(WATCHDOG), *faults) as (board, _):
        before = ask(board, "resets")
        while int(ask(board, "milliseconds")) < 3 * WATCHDOG and ask(board, "resets") == before:
            time.sleep(0.2)
        assert ask(board, "resets") == before


def test_clips_outlive_a_brown_out(spec: BoardSpec, built: Built) -> None:
    """The chip resets while a clip is on its way, which takes 200 ms: what was lost is sent again."""
    pcm = adversarial_clips(3, 16000, seed=9)
    expected = built.network.reference(pcm)
    with running(spec, built.elf) as (board, target):
        target.greet(built.identity)
        before = int(ask(board, "resets"))
        ask(board, "brown_out 100000")
        assert all(is_exact(expected, row, target.infer(clip)) for row, clip in enumerate(pcm))
        assert int(ask(board, "resets")) == before + 1
        assert target.statistics.resets == 1


def test_flashes_from_the_midst_of_the_firmware(
    spec: BoardSpec, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the debugger had not caught the reset: 200 MHz, caches on, the stack's limit above the algorithm's."""
    other = Built.make(integer_graph(8, 992, (8, 2), name="compressed"), spec, tmp_path)
    with running(spec, built.elf) as (board, target):
        target.greet(built.identity)
        monkeypatch.setattr(Ra6e1Flash, "prepare_target", lambda self: self.target.halt())
        probe = open_simulated_probe(spec, *board.endpoints.gdb, board.check_alive)
        probe.program(Image.load(other.elf))
        probe.close()
        target.greet(other.identity)
