"""A byte stream to the target. Every stream is opened by pyserial, so that a simulator's socket, a USB port and a
remote port differ only in their URL."""

from __future__ import annotations

from typing import Protocol

import serial

from .errors import BenchFault

_BITS_A_BYTE = 10  # 8N1


class Link(Protocol):
    """What the protocol needs of a stream."""

    @property
    def busy_seconds(self) -> float:
        """For how long the wire was in use."""
        ...

    def write(self, data: bytes) -> None:
        """Hand over all bytes.

        Raises:
            BenchFault: the stream is gone.
        """
        ...

    def read(self, timeout: float) -> bytes:
        """Bytes that have arrived, after at most `timeout` seconds; empty when none came.

        Raises:
            BenchFault: the stream is gone.
        """
        ...

    def close(self) -> None: ...


class SerialLink:
    """A pyserial port or URL (`/dev/ttyACM0`, `socket://127.0.0.1:4000`, `rfc2217://…`)."""

    def __init__(self, url: str, baud: int) -> None:
        self._url = url
        self._seconds_a_byte = _BITS_A_BYTE / baud
        self.busy_seconds = 0.0
        try:
            self._port = serial.serial_for_url(url, baudrate=baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise BenchFault(
                f"the port can't be opened: {error}",
                where=url,
                hint="is it plugged in, and does no other program (a terminal, a second run) hold it?",
            ) from error

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
            self.busy_seconds += len(data) * self._seconds_a_byte
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def read(self, timeout: float) -> bytes:
        try:
            self._port.timeout = timeout
            first: bytes = self._port.read(1)
            if not first:
                return b""
            self._port.timeout = 0
            return first + bytes(self._port.read(1 << 16))
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error

    def close(self) -> None:
        self._port.close()

    def _gone(self, error: Exception) -> BenchFault:
        return BenchFault(
            f"the stream to the target broke: {error}",
            where=self._url,
            hint="was the cable pulled or the target reset?",
        )
