"""The other machine of a remote bench, played here: pyOCD's probe server, and a serial port behind RFC 2217."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import serial
from proofboard_harness.probe.gdbstub_probe import GdbStubProbe
from pyocd.core.session import Session
from pyocd.probe.tcp_probe_server import DebugProbeServer
from serial.rfc2217 import PortManager

HOST = "127.0.0.1"


@contextlib.contextmanager
def probe_server(gdb: tuple[str, int]) -> Iterator[int]:
    """What `pyocd server -u gdbstub:HOST:PORT` is; gives its port."""
    server = DebugProbeServer(Session(None, no_config=True), GdbStubProbe(*gdb), 0, True)
    server.start()
    while server.port == 0:  # its thread says so a moment after `start` has returned
        time.sleep(0.005)
    try:
        yield server.port
    finally:
        server.stop()


class _Client:
    """The client of a port: its telnet is taken out on the way in, and put in on the way out."""

    def __init__(self, connection: socket.socket, port: serial.SerialBase, end: threading.Event) -> None:
        self._connection = connection
        self._port = port
        self._end = end
        self._lock = threading.Lock()
        self._manager = PortManager(port, self)

    def serve(self) -> None:
        """Until `end`, or until client or port have gone."""
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        with contextlib.suppress(OSError):
            while data := self._connection.recv(4096):
                self._port.write(b"".join(self._manager.filter(data)))
        self._end.set()
        sender.join()

    def write(self, data: bytes) -> None:
        """Called by the manager as well."""
        with self._lock:
            self._connection.sendall(data)

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # SerialException is one
            while not self._end.is_set():
                self.write(b"".join(self._manager.escape(self._port.read(self._port.in_waiting or 1))))
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def serial_server(url: str) -> Iterator[int]:
    """A serial port of pyserial behind RFC 2217 for one client; gives the TCP port."""
    end = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError), listener.accept()[0] as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _Client(connection, port, end).serve()

    with (
        socket.create_server((HOST, 0)) as listener,
        contextlib.closing(serial.serial_for_url(url, timeout=0.02)) as port,
    ):
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            end.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
