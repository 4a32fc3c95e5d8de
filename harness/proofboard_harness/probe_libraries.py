"""Libraries that pyOCD needs for a kind of debug probe: a missing one only shows as a probe that is never found."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

import libusb_package
import usb.backend.libusb1
from pylink.library import Library


@dataclass(frozen=True)
class ProbeLibrary:
    """What probes of `probes` are reached by. `present` looks for it now; `how` says how to get it."""

    probes: str
    name: str
    present: Callable[[], bool]
    how: str


def has_libusb() -> bool:
    """Whether libusb-1.0 can be loaded: the system's, or the one of the package libusb-package."""
    return usb.backend.libusb1.get_backend(find_library=libusb_package.find_library) is not None


def has_hidapi() -> bool:
    """Whether the Python package hidapi is there."""
    return find_spec("hid") is not None


def has_jlink() -> bool:
    """Whether SEGGER's library is where pylink looks for it."""
    return Library().dll() is not None


def needed_libraries(system: str = platform.system()) -> list[ProbeLibrary]:
    """The libraries for an operating system, by the name that `platform.system` has for it. On Linux, pyOCD reaches
    HID probes by libusb as well (pyocd/probe/pydapaccess/interface)."""
    libusb = "pip install libusb-package; on Linux also the udev rules of pyOCD's documentation"
    hid = [ProbeLibrary("CMSIS-DAP v1", "hidapi", has_hidapi, "pip install hidapi")] if system != "Linux" else []
    return [
        ProbeLibrary("J-Link", "J-Link library of SEGGER", has_jlink, "https://www.segger.com/downloads/jlink"),
        *hid,
        ProbeLibrary("CMSIS-DAP", "libusb", has_libusb, libusb),
        ProbeLibrary("ST-Link", "libusb", has_libusb, libusb),
    ]
