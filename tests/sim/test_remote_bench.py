"""A board at another machine: flashed through pyOCD's probe server, heard through RFC 2217. The board is virtual."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.bench import open_bench
from proofboard_harness.boards import boards_folder, load_board
from proofboard_harness.elf import Image
from proofboard_harness.oracle import is_exact
from proofboard_harness.simulator.virtual_ra6e1.launch import VirtualBoard, run_virtual
from proofboard_harness.spec import BoardSpec, VirtualSpec, VirtualSpeed
from proofboard_harness.transport.opening import open_target
from proofboard_host.frontend.adversarial import adversarial_clips
from remote_example import HOST, probe_server, serial_server

CLIPS = 3


@pytest.fixture
def chip() -> Iterator[VirtualBoard]:
    spec = dataclasses.replace(load_board("virtual-ra6e1"), simulator=VirtualSpec(VirtualSpeed.FAST))
    with run_virtual(spec) as board:
        yield board


@pytest.fixture
def remote_board(chip: VirtualBoard, tmp_path: Path) -> Iterator[BoardSpec]:
    """The folder of the FPB-RA6E1, with the two keys that put it at another machine."""
    folder = tmp_path / "fpb-ra6e1"
    shutil.copytree(boards_folder() / "fpb-ra6e1", folder)
    file = folder / "board.toml"
    with probe_server(chip.endpoints.gdb) as probe, serial_server(chip.endpoints.serial_urls[0]) as port:
        text = file.read_text(encoding="utf-8")
        text = text.replace("[probe]\n", f'[probe]\nuid = "remote:{HOST}:{probe}"\n')
        text = text.replace("[link]\n", f'[link]\nurl = "rfc2217://{HOST}:{port}"\n')
        file.write_text(text, encoding="utf-8")
        yield load_board(str(folder))


@pytest.mark.slow
def test_flashes_and_streams(remote_board: BoardSpec, tmp_path: Path) -> None:
    built = Built.make(integer_graph(7, 992, (16, 2), name="compressed"), remote_board, tmp_path / "builds")
    image = Image.load(built.elf)
    pcm = adversarial_clips(CLIPS, 16000, seed=3)
    expected = built.network.reference(pcm)
    with open_bench(remote_board) as bench, contextlib.closing(open_target(bench, image)) as target:
        bench.probe.program(image)
        assert target.greet(built.identity).board == "fpb-ra6e1"
        assert [is_exact(expected, row, target.infer(clip)) for row, clip in enumerate(pcm)] == [True] * CLIPS
        assert target.statistics.bad_frames_host == 0
