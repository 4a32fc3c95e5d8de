"""`proofboard doctor`: what is here, and how to get what is not."""

from __future__ import annotations

import io

import pytest
from proofboard_harness import doctor, toolchain
from proofboard_harness.boards import known_boards
from proofboard_harness.doctor import print_boards, print_doctor
from rich.console import Console


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200, color_system=None)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_complete_machine(console: Console) -> None:
    assert print_doctor(console) is True
    text = text_of(console)
    for tool in toolchain.TOOLS:
        assert tool.program in text
        assert toolchain.version(tool) in text
    for word in (*known_boards(), "pyocd", "torch", "python"):
        assert word in text
    assert "missing" not in text


@pytest.mark.parametrize("tool", toolchain.TOOLS, ids=lambda tool: tool.program)
def test_missing_tool(console: Console, tool: toolchain.Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    which = toolchain.shutil.which
    monkeypatch.setattr(toolchain.shutil, "which", lambda name: None if name == tool.program else which(name))
    assert print_doctor(console) is False
    (line,) = [line for line in text_of(console).splitlines() if " missing " in line]
    assert tool.program in line
    assert f"apt-get install {tool.package}" in line


def test_probes_and_ports_are_listed(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    class Probe:
        description = "E2 Lite CMSIS-DAP"
        unique_id = "4A001234"

    class Port:
        device = "/dev/ttyACM7"
        description = "USB serial"
        serial_number = "SN-99"

    monkeypatch.setattr(doctor.ConnectHelper, "get_all_connected_probes", lambda blocking: [Probe()])
    monkeypatch.setattr(doctor.list_ports, "comports", lambda: [Port()])
    print_doctor(console)
    for word in ("E2 Lite CMSIS-DAP", "4A001234", "/dev/ttyACM7", "SN-99"):
        assert word in text_of(console)


def test_nothing_plugged_in(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.ConnectHelper, "get_all_connected_probes", lambda blocking: [])
    monkeypatch.setattr(doctor.list_ports, "comports", lambda: [])
    print_doctor(console)
    assert "No debug probe is plugged in" in text_of(console)
    assert "No serial port is here" in text_of(console)


def test_boards_are_listed_by_what_one_chooses_by(console: Console) -> None:
    print_boards(console)
    text = text_of(console)
    for name in known_boards():
        assert name in text
    assert "1024 KiB" in text
