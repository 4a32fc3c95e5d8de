"""A debug probe at another machine: pyOCD's `remote` probe, for a server that may be away, silent, or something else.

The server is `pyocd server`, the protocol pyOCD's: lines of JSON over TCP (pyocd/probe/tcp_probe_server.py). pyOCD's
own client waits for ever on a server that has gone.
"""

from __future__ import annotations

import time

from pyocd.core import exceptions
from pyocd.probe.tcp_client_probe import TCPClientProbe
from pyocd.utility.sockets import ClientSocket

PREFIX = "remote:"
"""What the uid of such a probe begins with: `remote:HOST` or `remote:HOST:PORT`."""

_ANSWER_SECONDS = 30.0
_LARGEST_READ = 1 << 16


class RemoteProbe(TCPClientProbe):
    """The probe of `remote:HOST[:PORT]`. Whatever is wrong with the server is a `pyocd.core.exceptions.ProbeError`."""

    def __init__(self, uid: str) -> None:
        address = uid.removeprefix(PREFIX)
        super().__init__(address)
        self._socket = _ServerSocket(*self._extract_address(address))

    def close(self) -> None:
        """Let go of the probe; the connection ends even if the server objects."""
        try:
            super().close()
        finally:
            self._socket.close()
            self._is_open = False


class _ServerSocket(ClientSocket):
    """The connection to the server, whose end is an error."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port, packet_size=_LARGEST_READ)
        self._name = f"{host}:{port}"
        self._received = bytearray()

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise exceptions.ProbeError(
                f"no probe server at {self._name}: {error.strerror or error}; start `pyocd server --allow-remote` there"
            ) from error

    def write(self, data: bytes) -> None:
        try:
            super().write(data)
        except OSError as error:
            raise self._gone() from error

    def readline(self) -> bytes:
        """One answer."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while b"\n" not in self._received:
            if time.monotonic() > deadline:
                raise exceptions.ProbeError(
                    f"the probe server at {self._name} does not answer: another client may hold the probe"
                )
            self._received += self._receive()
        line, _, rest = self._received.partition(b"\n")
        self._received = rest
        if not line.startswith(b"{"):
            raise exceptions.ProbeError(f"what answers at {self._name} is no pyOCD probe server")
        return bytes(line)

    def _receive(self) -> bytes:
        try:
            data: bytes = self.read()
        except TimeoutError:
            return b""
        except OSError as error:
            raise self._gone() from error
        if not data:
            raise self._gone()
        return data

    def close(self) -> None:
        try:
            super().close()
        except OSError:
            self._socket = None  # it broke before

    def _gone(self) -> exceptions.ProbeDisconnected:
        return exceptions.ProbeDisconnected(f"the probe server at {self._name} closed the connection")
