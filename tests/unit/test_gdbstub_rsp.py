"""Packet framing against its own rules, and the client against a peer that misbehaves."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.probe.rsp import (
    Mark,
    PacketParser,
    RspClient,
    RspDisconnectedError,
    RspError,
    RspTimeoutError,
    checksum,
    decode_body,
    encode_packet,
)


@given(payload=st.binary(max_size=300), cuts=st.lists(st.integers(0, 700), max_size=8))
def test_packets_survive_any_cutting_of_the_stream(payload: bytes, cuts: list[int]) -> None:
    stream = b"+" + encode_packet(payload) + b"-" + encode_packet(b"OK")
    edges = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    parser = PacketParser()
    items = [item for start, end in itertools.pairwise(edges) for item in parser.feed(stream[start:end])]
    assert items == [Mark.ACK, payload, Mark.NAK, b"OK"]


@given(payload=st.binary(min_size=1, max_size=100), position=st.integers(0, 99), flip=st.integers(1, 255))
def test_a_changed_byte_is_never_taken_for_the_payload(payload: bytes, position: int, flip: int) -> None:
    packet = bytearray(encode_packet(payload))
    index = 1 + position % (len(packet) - 4)  # a byte of the body
    packet[index] ^= flip
    assert payload not in PacketParser().feed(bytes(packet))


@given(payload=st.binary(max_size=200))
def test_packet_holds_no_unescaped_control_character(payload: bytes) -> None:
    packet = encode_packet(payload)
    assert packet[:1] == b"$"
    assert b"#" not in packet[1:-3]
    assert b"$" not in packet[1:-3]
    assert int(packet[-2:], 16) == checksum(packet[1:-3])


@given(text=st.text("abcdef0123456789", min_size=1, max_size=60), count=st.integers(3, 97))
def test_run_length_is_expanded(text: str, count: int) -> None:
    body = text.encode() + b"*" + bytes([count + 29])
    assert decode_body(body) == text.encode() + text[-1:].encode() * count


def test_example_of_the_gdb_manual() -> None:
    assert decode_body(b"0* ") == b"0000"


@pytest.mark.parametrize("body", [b"}", b"*!", b"a*", b"a*\x1d"])
def test_cut_escape_or_run_is_an_error(body: bytes) -> None:
    with pytest.raises(RspError):
        decode_body(body)


@pytest.fixture
def pair() -> Iterator[tuple[RspClient, socket.socket]]:
    ours, peer = socket.socketpair()
    client = RspClient(ours, timeout=0.3, where="peer")
    yield client, peer
    client.close()
    peer.close()


def test_answer_is_acknowledged(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.sendall(b"+" + encode_packet(b"OK"))
    assert client.exchange(b"?") == b"OK"
    assert peer.recv(100) == encode_packet(b"?") + b"+"


def test_rejected_packet_is_sent_again(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.sendall(b"-+")
    client.send(b"g")
    assert peer.recv(100) == encode_packet(b"g") * 2


def test_packet_rejected_for_good(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.sendall(b"---")
    with pytest.raises(RspError, match="rejected 3 times"):
        client.send(b"g")


def test_corrupt_answer_is_asked_for_again(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.sendall(b"+$OK#00" + encode_packet(b"OK"))
    assert client.exchange(b"?") == b"OK"
    assert peer.recv(100) == encode_packet(b"?") + b"-+"


def test_packet_before_the_acknowledgement_is_kept(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.sendall(encode_packet(b"T02") + b"+" + encode_packet(b"OK"))
    client.send(b"c")
    assert [client.receive(), client.receive()] == [b"T02", b"OK"]


def test_poll_does_not_wait(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    assert client.poll() is None
    peer.sendall(encode_packet(b"T05"))
    assert client.poll() == b"T05"


def test_silence_is_a_timeout(pair: tuple[RspClient, socket.socket]) -> None:
    client, _ = pair
    with pytest.raises(RspTimeoutError, match="peer: no answer in time"):
        client.exchange(b"?")


def test_closed_peer(pair: tuple[RspClient, socket.socket]) -> None:
    client, peer = pair
    peer.close()
    with pytest.raises(RspDisconnectedError, match=r"peer: the (stub closed the connection|connection broke)"):
        client.exchange(b"?")


def test_nobody_listens() -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))  # bound but not listening: the port is nobody else's
        port = placeholder.getsockname()[1]
        with pytest.raises(RspDisconnectedError, match=f"gdb stub 127.0.0.1:{port}: no connection"):
            RspClient.connect("127.0.0.1", port)
