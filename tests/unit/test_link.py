"""The byte stream: what pyserial does with a socket and a pseudo-terminal, and one error for every way to lose it."""

from __future__ import annotations

import os
import pty
import socket
from collections.abc import Iterator

import pytest
from proofboard_harness.errors import BenchFault
from proofboard_harness.link import SerialLink


@pytest.fixture
def pair() -> Iterator[tuple[SerialLink, socket.socket]]:
    """A link, and the other end of it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = SerialLink(f"socket://127.0.0.1:{server.getsockname()[1]}", 115_200)
        peer, _ = server.accept()
    with peer:
        yield link, peer
    link.close()


def read_exactly(link: SerialLink, size: int) -> bytes:
    data = b""
    while len(data) < size:
        portion = link.read(5)
        assert portion, "nothing came"
        data += portion
    return data


def test_bytes_go_both_ways(pair: tuple[SerialLink, socket.socket]) -> None:
    link, peer = pair
    every_byte = bytes(range(256)) * 40
    link.write(every_byte)
    received = b""
    while len(received) < len(every_byte):
        received += peer.recv(1 << 16)
    assert received == every_byte
    peer.sendall(every_byte)
    assert read_exactly(link, len(every_byte)) == every_byte


def test_silence_is_no_bytes(pair: tuple[SerialLink, socket.socket]) -> None:
    link, _ = pair
    assert link.read(0) == b""
    assert link.read(0.01) == b""


def test_peer_that_goes_is_one_error(pair: tuple[SerialLink, socket.socket]) -> None:
    link, peer = pair
    peer.close()
    with pytest.raises(BenchFault, match="the stream to the target broke") as caught:
        link.read(5)
    assert "127.0.0.1" in caught.value.where


def test_writing_to_nobody_is_one_error(pair: tuple[SerialLink, socket.socket]) -> None:
    link, peer = pair
    peer.close()
    with pytest.raises(BenchFault, match="the stream to the target broke"):  # noqa: PT012 - the kernel buffers the first
        for _ in range(100):
            link.write(b"x" * 1000)


def test_port_that_nobody_listens_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(BenchFault, match="can't be opened") as caught:
        SerialLink(f"socket://127.0.0.1:{port}", 115_200)
    assert caught.value.where == f"socket://127.0.0.1:{port}"


@pytest.mark.parametrize("url", ["/dev/no-such-port", "nonsense://x", "socket://no-port"])
def test_url_that_is_no_port(url: str) -> None:
    with pytest.raises(BenchFault, match="can't be opened"):
        SerialLink(url, 115_200)


def test_port_in_use() -> None:
    master, slave = pty.openpty()
    name = os.ttyname(slave)
    holder = SerialLink(name, 115_200)
    with pytest.raises(BenchFault, match="can't be opened") as caught:
        SerialLink(name, 115_200)
    assert "no other program" in caught.value.hint
    holder.close()
    os.close(slave)
    os.close(master)


def test_serial_port_carries_every_byte() -> None:
    """A terminal in raw mode: no byte is translated, none is swallowed as flow control."""
    master, slave = pty.openpty()
    link = SerialLink(os.ttyname(slave), 115_200)
    os.close(slave)
    every_byte = bytes(range(256))
    os.write(master, every_byte)
    assert read_exactly(link, 256) == every_byte
    link.write(every_byte)
    received = b""
    while len(received) < 256:
        received += os.read(master, 1024)
    assert received == every_byte
    link.close()
    os.close(master)
