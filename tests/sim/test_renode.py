"""The RA6E1 in Renode: what it is told, what its platform covers, and, where Renode is installed, a conversation."""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path

import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness.bench import open_bench
from proofboard_harness.boards import load_board
from proofboard_harness.build import firmware_folder
from proofboard_harness.elf import Image
from proofboard_harness.errors import BenchFault, ToolMissing
from proofboard_harness.oracle import is_exact
from proofboard_harness.simulator import renode
from proofboard_harness.simulator.renode import find_renode, run_renode, setup_commands
from proofboard_harness.transport.opening import open_target
from proofboard_host.frontend.adversarial import adversarial_clips

BOARD = "renode-ra6e1"
PAGE = 0x1000
"""More than any peripheral here is long."""
CHANNEL = {"SCI": 0x900}
"""Of what the board uses, from the first channel on."""


def test_what_the_monitor_is_told() -> None:
    spec = load_board(BOARD)
    assert setup_commands(spec, 3333, 4444) == [
        'mach create "board"',
        f"machine LoadPlatformDescription @{spec.folder / 'ra6e1.repl'}",
        "cpu PerformanceInMips 200",
        'emulation CreateServerSocketTerminal 4444 "serial" false',
        "connector Connect sysbus.sci9 serial",
        "machine StartGdbServer 3333",
    ]
    with pytest.raises(BenchFault, match="'qemu-mps2-an505' is not simulated by Renode"):
        setup_commands(load_board("qemu-mps2-an505"), 1, 2)


def test_the_script_for_a_person_tells_the_same() -> None:
    """`ra6e1.resc`, with its variables and its own folder filled in."""
    spec = load_board(BOARD)
    lines = (spec.folder / "ra6e1.resc").read_text(encoding="utf-8").splitlines()
    values = {"$ORIGIN/": f"@{spec.folder}/"}
    commands = []
    for line in lines:
        if "?=" in line:
            name, _, value = line.partition("?=")
            values[name] = value
        elif line and not line.startswith(":"):
            commands.append(line)
    for name, value in values.items():
        commands = [command.replace(name, value) for command in commands]
    assert commands == setup_commands(spec, 3333, 4444)


def test_no_renode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renode.shutil, "which", lambda name: None)
    with pytest.raises(ToolMissing, match="renode is not on the PATH") as caught, run_renode(load_board(BOARD)):
        pytest.fail("it started")
    assert "https://github.com/renode/renode/releases" in caught.value.hint


def registers() -> dict[str, int]:
    """Name to address: of the macros with arguments, for the first channel or the one in use."""
    text = (firmware_folder() / "chips" / "ra6e1" / "registers.h").read_text(encoding="utf-8")
    pattern = r"#define (\w+)(?:\(\w+(?:, \w+)*\))? (?:REGISTER(?:8|16|32))?\((0x[0-9A-F]{8})u"
    return {name: int(address, 16) + CHANNEL.get(name, 0) for name, address in re.findall(pattern, text)}


def test_every_register_of_the_firmware_is_in_the_platform() -> None:
    """An access to nothing is only a warning in Renode: it would go unnoticed."""
    text = (load_board(BOARD).folder / "ra6e1.repl").read_text(encoding="utf-8")
    tags = [(int(first, 16), int(last, 16)) for first, last in re.findall(r"Tag <(0x\w+), (0x\w+)>", text)]
    bases = [int(base, 16) for base in re.findall(r"(?:sysbus|address:) (0x\w+)", text)]
    found = registers()
    assert {"SCKDIVCR", "FLWT", "MSTPCRB", "PFS", "SCI", "DMAC", "DELSR", "PART_NUMBER", "DEMCR"} <= set(found)
    uncovered = {
        name
        for name, address in found.items()
        if not any(first <= address <= last for first, last in tags)
        and not any(base <= address < base + PAGE for base in bases)
    }
    assert uncovered == set()


@pytest.mark.skipif(shutil.which("renode") is None, reason="renode is not on the PATH")
def test_answers_are_the_references(tmp_path: Path) -> None:
    assert find_renode()
    spec = load_board(BOARD)
    built = Built.make(integer_graph(7, 992, (16, 2), name="compressed"), spec, tmp_path)
    image = Image.load(built.elf)
    pcm = adversarial_clips(2, 16000, seed=3)
    expected = built.network.reference(pcm)
    with open_bench(spec) as bench, contextlib.closing(open_target(bench, image)) as target:
        bench.probe.program(image)
        target.greet(built.identity)
        assert [is_exact(expected, row, target.infer(clip)) for row, clip in enumerate(pcm)] == [True, True]
