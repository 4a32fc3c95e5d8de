"""The host's end of the serial line: a TCP port that takes one client at a time, as QEMU's does."""

from __future__ import annotations

import socket

from .sci import Wire

_MOST_QUEUED = 1 << 16
_AT_ONCE = 4096


def listen() -> socket.socket:
    """A listening socket on a port of 127.0.0.1 that the system chooses."""
    server = socket.create_server(("127.0.0.1", 0), backlog=1)
    server.setblocking(False)
    return server


class SerialPort:
    """Moves bytes between a client and the wire. Bytes for nobody are dropped."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._server = listen()
        self._client: socket.socket | None = None
        self.port: int = self._server.getsockname()[1]

    def sources(self) -> list[socket.socket]:
        """What to wait for: a client, or what it sends as long as there is room."""
        if self._client is None:
            return [self._server]
        return [self._client] if len(self._wire.to_target) < _MOST_QUEUED else []

    def move(self) -> None:
        """Take in and hand out what there is."""
        if self._client is None:
            self._accept()
        if self._client is not None and len(self._wire.to_target) < _MOST_QUEUED:
            self._receive(self._client)
        if self._client is None:
            self._wire.from_target.clear()
        elif self._wire.from_target:
            self._send(self._client)

    def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _accept(self) -> None:
        try:
            self._client, _ = self._server.accept()
        except BlockingIOError:
            return
        self._client.setblocking(False)
        self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _receive(self, client: socket.socket) -> None:
        try:
            data = client.recv(_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._wire.to_target.extend(data)
        else:
            self.close()

    def _send(self, client: socket.socket) -> None:
        try:
            sent = client.send(self._wire.from_target)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._wire.from_target[:sent]
