"""A byte stream to the target. Every stream is opened by pyserial, so that a simulator's socket, a USB port and a
remote port differ only in their URL."""

from __future__ import annotations

import time
from typing import Protocol

import serial

from .errors import BenchFault

BITS_A_BYTE = 10  # 8N1
_NETWORK_PORT = "rfc2217://"
_NETWORK_READ_SECONDS = 0.01


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

    def set_baud(self, baud: int) -> None:
        """From now on at `baud` bit/s, when all is sent; nothing on a stream that has no rate.

        Raises:
            BenchFault: the stream is gone, or can't.
        """
        ...

    def close(self) -> None: ...


class SerialLink:
    """A pyserial port or URL (`/dev/ttyACM0`, `socket://127.0.0.1:4000`). Made by `open_serial`."""

    def __init__(self, url: str, baud: int) -> None:
        self._url = url
        self._seconds_a_byte = BITS_A_BYTE / baud
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

    def set_baud(self, baud: int) -> None:
        try:
            self._port.flush()
            self._port.baudrate = baud
        except (serial.SerialException, OSError, ValueError) as error:
            raise self._gone(error) from error
        self._seconds_a_byte = BITS_A_BYTE / baud

    def close(self) -> None:
        self._port.close()

    def _gone(self, error: Exception) -> BenchFault:
        return BenchFault(
            f"the stream to the target broke: {error}",
            where=self._url,
            hint="was the cable pulled or the target reset?",
        )


class NetworkSerialLink(SerialLink):
    """`rfc2217://HOST:PORT`: a serial port of another machine, whose settings are made from here (RFC 2217).

    pyserial negotiates all settings anew, for 50 ms and more, whenever the timeout of such a port is changed, and gives
    one byte at a time where it is 0. So it is set once.
    """

    def __init__(self, url: str, baud: int) -> None:
        super().__init__(url, baud)
        self._port.timeout = _NETWORK_READ_SECONDS

    def read(self, timeout: float) -> bytes:
        deadline = time.monotonic() + timeout
        try:
            while True:
                waiting = self._port.in_waiting
                if waiting == 0 and time.monotonic() >= deadline:
                    return b""
                data: bytes = self._port.read(max(1, waiting))
                if data:
                    return data
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from error


def open_serial(url: str, baud: int) -> SerialLink:
    """The port of that name or URL at `baud` bit/s. Raises BenchFault where it can't be opened."""
    return NetworkSerialLink(url, baud) if url.startswith(_NETWORK_PORT) else SerialLink(url, baud)
