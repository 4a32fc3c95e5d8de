"""The serial port of a real board under the name that it has now: a cable put back may come up under another one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from serial.tools import list_ports

from ..errors import BenchFault
from ..spec import LinkSpec


class Port(Protocol):
    """What pySerial's `list_ports` tells of a port; None where it does not know, and for what is not on USB."""

    @property
    def device(self) -> str: ...
    @property
    def serial_number(self) -> str | None: ...
    @property
    def vid(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...


@dataclass(frozen=True)
class Adapter:
    """What stays of a USB adapter when its port's name changes: `usb_id` is `<vendor>:<product>`, four hex digits each;
    `serial` is empty where it has none."""

    usb_id: str
    serial: str

    @classmethod
    def of(cls, port: Port) -> Adapter | None:
        """None: not on USB."""
        if port.vid is None or port.pid is None:
            return None
        return cls(f"{port.vid:04x}:{port.pid:04x}", port.serial_number or "")

    def __str__(self) -> str:
        return f"{self.usb_id}, serial number {self.serial or 'none'}"


@dataclass
class PortFinder:
    """Finds the port that a board's file means, and the same adapter again.

    Args:
        link: `url`, or `usb_serial`, or `usb_id`; of none of them, the only port on USB is taken.
        where: the file, for the error's text.
        ports: the ports of this machine.
    """

    link: LinkSpec
    where: str
    ports: Callable[[], Iterable[Port]] = list_ports.comports
    _adapter: Adapter | None = field(default=None, init=False)

    def find(self) -> str:
        """The port's name or URL now.

        Raises:
            BenchFault: it is not there, or there are several that it could be.
        """
        present = [(port.device, adapter) for port in self.ports() if (adapter := Adapter.of(port)) is not None]
        if self._adapter is not None:
            return self._find_again(present)
        if self.link.url:
            here = [adapter for device, adapter in present if device == os.path.realpath(self.link.url)]
            self._adapter = here[0] if here else None
            return self.link.url
        found = [(device, adapter) for device, adapter in present if self._is_meant(adapter)]
        device, self._adapter = self._only(found, present)
        return device

    def _find_again(self, present: list[tuple[str, Adapter]]) -> str:
        """By its name in the file if the same adapter answers there, else by the adapter."""
        same = [(device, adapter) for device, adapter in present if adapter == self._adapter]
        if self.link.url and (len(same) != 1 or same[0][0] == os.path.realpath(self.link.url)):
            return self.link.url
        return self._only(same, present)[0]

    def _is_meant(self, adapter: Adapter) -> bool:
        if self.link.usb_serial:
            return adapter.serial == self.link.usb_serial
        return not self.link.usb_id or adapter.usb_id == self.link.usb_id.lower()

    def _only(self, found: list[tuple[str, Adapter]], present: list[tuple[str, Adapter]]) -> tuple[str, Adapter]:
        if len(found) == 1:
            return found[0]
        wanted = "on USB"
        if self._adapter is not None:
            wanted = f"of {self._adapter}"
        elif self.link.usb_serial:
            wanted = f"of USB serial number {self.link.usb_serial!r}"
        elif self.link.usb_id:
            wanted = f"of USB id {self.link.usb_id}"
        seen = "; ".join(f"{device} ({adapter})" for device, adapter in present) or "none"
        raise BenchFault(
            f"expected one serial port {wanted}, found: {seen}",
            where=f"{self.where}: link",
            hint="plug the board in, or set [link] usb_serial, usb_id or url in the board file",
        )
