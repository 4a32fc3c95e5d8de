"""Remote probes and ports: what is carried, and one error for every server that is not there or is something else."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.errors import BenchFault, ProbeFault
from proofboard_harness.link import NetworkSerialLink, open_serial
from proofboard_harness.probe.flasher import open_pyocd_probe
from proofboard_harness.probe.remote_probe import RemoteProbe
from pyocd.core import exceptions
from remote_example import HOST, serial_server

EVERY_BYTE = bytes(range(256)) * 8


@contextlib.contextmanager
def server_that_says(answer: bytes | None) -> Iterator[int]:
    """Answers each packet with `answer`; None: closes at the first."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                while connection.recv(4096) and answer is not None:
                    connection.sendall(answer)

    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
    thread.join()


def open_board(port: int) -> None:
    spec = load_board("fpb-ra6e1")
    remote = dataclasses.replace(spec.probe, uid=f"remote:{HOST}:{port}")
    open_pyocd_probe(dataclasses.replace(spec, probe=remote))


def test_no_server() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ProbeFault, match=f"no probe server at {HOST}:{port}: Connection refused; start"):
        open_board(port)


def test_server_that_goes() -> None:
    with server_that_says(None) as port, pytest.raises(ProbeFault, match="closed the connection"):
        open_board(port)


def test_server_of_another_kind() -> None:
    with server_that_says(b"HTTP/1.1 400 Bad Request\r\n") as port, pytest.raises(ProbeFault, match="is no pyOCD"):
        open_board(port)


def test_answers_in_pieces_and_an_error_of_the_server() -> None:
    error = b'{"id": 0, "status": 3, "error": "the probe is on fire"}\n'
    with server_that_says(error) as port:
        probe = RemoteProbe(f"remote:{HOST}:{port}")
        with pytest.raises(exceptions.ProbeError, match="the probe is on fire"):
            probe.open()
        with contextlib.suppress(exceptions.ProbeError):
            probe.close()


@pytest.fixture
def network_pair() -> Iterator[tuple[NetworkSerialLink, socket.socket]]:
    """A link by RFC 2217, and the far end of the serial port."""
    with (
        socket.create_server((HOST, 0)) as wire,
        serial_server(f"socket://{HOST}:{wire.getsockname()[1]}") as port,
        wire.accept()[0] as peer,
    ):
        link = open_serial(f"rfc2217://{HOST}:{port}", 1_000_000)
        assert isinstance(link, NetworkSerialLink)
        with contextlib.closing(link):
            yield link, peer


def test_network_port_carries_every_byte(network_pair: tuple[NetworkSerialLink, socket.socket]) -> None:
    link, peer = network_pair
    assert link.read(0) == b""
    assert link.read(0.02) == b""
    link.write(EVERY_BYTE)
    sent = b""
    while len(sent) < len(EVERY_BYTE):
        sent += peer.recv(4096)
    assert sent == EVERY_BYTE
    peer.sendall(EVERY_BYTE)
    came = b""
    deadline = time.monotonic() + 20
    while len(came) < len(EVERY_BYTE) and time.monotonic() < deadline:
        came += link.read(0.1)
    assert came == EVERY_BYTE


def test_network_port_that_is_not_there() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(BenchFault, match="the port can't be opened"):
        open_serial(f"rfc2217://{HOST}:{port}", 115_200)


def test_network_port_that_goes(network_pair: tuple[NetworkSerialLink, socket.socket]) -> None:
    link, peer = network_pair
    peer.close()

    def read_on() -> None:
        for _ in range(200):
            link.read(0.1)

    with pytest.raises(BenchFault, match="the stream to the target broke"):
        read_on()
