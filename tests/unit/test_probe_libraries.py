"""What pyOCD reaches probes by: said to be missing where it can't be loaded, for each operating system."""

from __future__ import annotations

import io

import pytest
from proofboard_harness import doctor, probe_libraries
from proofboard_harness.doctor import print_probe_libraries
from proofboard_harness.probe_libraries import ProbeLibrary, needed_libraries
from rich.console import Console


def printed(libraries: list[ProbeLibrary], monkeypatch: pytest.MonkeyPatch) -> str:
    file = io.StringIO()
    monkeypatch.setattr(doctor, "needed_libraries", lambda: libraries)
    print_probe_libraries(Console(file=file, width=200, color_system=None))
    return file.getvalue()


def test_missing_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = [ProbeLibrary("A", "liba", lambda: True, "get a"), ProbeLibrary("B", "libb", lambda: False, "get b")]
    words = [line.split() for line in printed(libraries, monkeypatch).splitlines()]
    here, missing = (line for line in words if line[:1] in (["A"], ["B"]))
    assert here == ["A", "liba", "yes"]
    assert missing == ["B", "libb", "no:", "get", "b"]


def test_library_of_segger(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def dll(self) -> object | None:
            return found

    monkeypatch.setattr(probe_libraries, "Library", Library)
    found: object | None = None
    assert not probe_libraries.has_jlink()
    found = object()
    assert probe_libraries.has_jlink()


def test_no_libusb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_libraries.usb.backend.libusb1, "get_backend", lambda find_library: None)
    assert not probe_libraries.has_libusb()


@pytest.mark.parametrize("system", ["Linux", "Windows", "Darwin"])
def test_every_probe_of_the_boards_has_its_library(system: str) -> None:
    probes = [library.probes for library in needed_libraries(system)]
    assert {"J-Link", "CMSIS-DAP", "ST-Link"} <= set(probes)
    assert ("CMSIS-DAP v1" in probes) == (system != "Linux")
