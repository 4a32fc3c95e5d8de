"""Messages, packed here as the firmware packs them, and every length and number that must be refused."""

from __future__ import annotations

import contextlib
import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness import messages
from proofboard_harness.build import firmware_folder
from proofboard_harness.errors import TargetFault
from proofboard_harness.messages import Ack, Baud, Dump, Echo, Fault, Hello, Kind, Log, LogitKind, Result, parse

u8, u16, u32 = (st.integers(0, (1 << bits) - 1) for bits in (8, 16, 32))
i32 = st.integers(-(1 << 31), (1 << 31) - 1)
BUILD_ID, MODEL_HASH = bytes(range(20)), bytes(range(100, 116))


def pack_hello(
    results: int = 4, chunk: int = 320, window: int = 16000, kind: int = 0, credit: int = 6, tail: bytes = b"board"
) -> bytes:
    numbers = (0xDEADBEEF, 2, 0, 4, 2, kind, results, chunk, window, 20_000_000, credit)
    return struct.pack("<IBBBBBBHIII", *numbers) + BUILD_ID + MODEL_HASH + tail


def pack_result(class_index: int, words: list[int], crcs: list[int]) -> bytes:
    head = struct.pack("<8IBB", 77, 9, 1, class_index, 2, 3, 4, 5, len(words), len(crcs))
    return head + struct.pack(f"<{len(words)}i", *words) + struct.pack(f"<{len(crcs)}I", *crcs)


def test_hello() -> None:
    hello = parse(Kind.HELLO, pack_hello(kind=1))
    numbers = (0xDEADBEEF, 2, 0, 4, 2, LogitKind.FLOAT32, 4, 320, 16000, 20_000_000, 6)
    assert hello == Hello(*numbers, BUILD_ID.hex(), MODEL_HASH.hex(), "board", "")
    named = parse(Kind.HELLO, pack_hello(tail=b"board\0R7FA6E10F2CFP 0123"))
    assert isinstance(named, Hello)
    assert (named.board, named.chip) == ("board", "R7FA6E10F2CFP 0123")


@given(u32, u32, u32, u32, st.lists(u32, min_size=4, max_size=4), u32)
def test_ack(session: int, packet: int, granted: int, clip: int, received: list[int], bad_frames: int) -> None:
    payload = struct.pack("<9I", session, packet, granted, clip, *received, bad_frames)
    bits = int.from_bytes(struct.pack("<4I", *received), "little")
    assert parse(Kind.ACK, payload) == Ack(session, packet, granted, clip, bits, bad_frames)


def test_baud_echo_and_log() -> None:
    assert parse(Kind.BAUD, struct.pack("<II", 7, 921600)) == Baud(7, 921600)
    assert parse(Kind.ECHO, struct.pack("<I", 7) + b"abc") == Echo(7, b"abc")
    assert parse(Kind.LOG, struct.pack("<I", 7) + b"words") == Log(7, "words")


@given(st.lists(i32, min_size=1, max_size=16), st.lists(u32, max_size=17))
def test_result(words: list[int], crcs: list[int]) -> None:
    index = len(words) - 1
    expected = Result(77, 9, 1, index, 2, 3, 4, 5, tuple(words), tuple(crcs))
    assert parse(Kind.RESULT, pack_result(index, words, crcs)) == expected


@given(st.lists(u32, min_size=7, max_size=7))
def test_fault(registers: list[int]) -> None:
    assert parse(Kind.FAULT, struct.pack("<7I", *registers)) == Fault(*registers)


@given(u32, u16, st.integers(0, 5), st.integers(1, 480), st.booleans())
def test_dump(clip: int, layer: int, piece: int, left: int, more: bool) -> None:
    """A piece is whole, or the last one."""
    offset, length = 480 * piece, 480 if more else left
    size = offset + length + (left if more else 0)
    data = bytes(index % 251 for index in range(length))
    payload = struct.pack("<IIHHI", 77, clip, layer, size, offset) + data
    assert parse(Kind.DUMP, payload) == Dump(77, clip, layer, size, offset, data)


def test_requests_are_as_the_firmware_reads_them() -> None:
    assert messages.hello_request(0x01020304) == bytes([4, 3, 2, 1])
    chunk = messages.clip_chunk(5, 6, 7, 3, 1, b"\x01\x02")
    assert chunk == bytes([5, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 3, 1, 1, 2])
    assert messages.poll(1, 2, 3) == struct.pack("<III", 1, 2, 3)
    assert messages.dump_request(1, 2, 3) == struct.pack("<III", 1, 2, 3)
    assert messages.baud_request(1, 921600) == struct.pack("<II", 1, 921600)
    assert messages.echo_request(1, b"xyz") == b"\1\0\0\0xyz"


def test_unknown_type_is_no_message() -> None:
    assert parse(0xA0, b"whatever") is None


WRONG = {
    "hello without its model hash": (Kind.HELLO, pack_hello()[: 24 + 20 + 15]),
    "empty hello": (Kind.HELLO, b""),
    "hello of chunks of nothing": (Kind.HELLO, pack_hello(chunk=0)),
    "hello of an empty window": (Kind.HELLO, pack_hello(window=0)),
    "hello of more chunks than bits": (Kind.HELLO, pack_hello(window=128 * 320 + 1)),
    "hello that keeps no result": (Kind.HELLO, pack_hello(results=0)),
    "hello that keeps too many": (Kind.HELLO, pack_hello(results=17)),
    "hello without credit": (Kind.HELLO, pack_hello(credit=0)),
    "hello of unknown logits": (Kind.HELLO, pack_hello(kind=2)),
    "short ack": (Kind.ACK, bytes(35)),
    "long ack": (Kind.ACK, bytes(37)),
    "long baud": (Kind.BAUD, bytes(9)),
    "short echo": (Kind.ECHO, bytes(3)),
    "short log": (Kind.LOG, bytes(3)),
    "short fault": (Kind.FAULT, bytes(27)),
    "long fault": (Kind.FAULT, bytes(29)),
    "short result": (Kind.RESULT, pack_result(0, [1, 2], [3])[:-1]),
    "long result": (Kind.RESULT, pack_result(0, [1, 2], [3]) + b"\0"),
    "result without its logits": (Kind.RESULT, pack_result(0, [1, 2], [])[:36]),
    "result of a class that isn't there": (Kind.RESULT, pack_result(2, [1, 2], [])),
    "empty result": (Kind.RESULT, b""),
    "short dump": (Kind.DUMP, bytes(15)),
    "dump past its end": (Kind.DUMP, struct.pack("<IIHHI", 0, 0, 0, 10, 8) + b"abc"),
    "dump that starts past its end": (Kind.DUMP, struct.pack("<IIHHI", 0, 0, 0, 10, 0xFFFFFFFF)),
}


@pytest.mark.parametrize(("kind", "payload"), WRONG.values(), ids=WRONG.keys())
def test_wrong_message_is_the_targets_fault(kind: Kind, payload: bytes) -> None:
    with pytest.raises(TargetFault, match="can't be read") as caught:
        parse(kind, payload)
    assert "build and flash" in caught.value.hint


@given(u8, st.binary(max_size=100))
def test_no_payload_is_a_crash(kind: int, payload: bytes) -> None:
    faults = TargetFault if kind in set(Kind) else ()
    with contextlib.suppress(faults):
        message = parse(kind, payload)
        assert (message is None) == (kind not in {known for known in Kind if known >= 0x80})


def test_types_and_version_are_the_headers() -> None:
    header = (firmware_folder() / "include" / "proofboard" / "protocol.h").read_text()
    numbers = {name: int(value, 16) for name, value in re.findall(r"PB_(\w+) = (0x\w\w)", header)}
    assert numbers == {kind.name: kind.value for kind in Kind}
    assert f"#define PB_PROTOCOL_VERSION {messages.PROTOCOL_VERSION}u" in header
    assert f"PB_FLAG_TRACE = {messages.FLAG_TRACE}u" in header
