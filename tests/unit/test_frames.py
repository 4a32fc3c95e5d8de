"""Frames: what goes in comes out, what is broken never does; the host's and the firmware's halves agree."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from cobs import cobs
from hypothesis import given, settings
from hypothesis import strategies as st
from proofboard_harness.build import firmware_folder
from proofboard_harness.frames import MAX_FRAME, Frame, FrameReader, encode_frame

frames = st.builds(Frame, st.integers(0, 255), st.binary(max_size=700))
lists_of_frames = st.lists(frames, max_size=6)


def encode_all(sent: Sequence[Frame]) -> bytes:
    return b"".join(encode_frame(frame.type, frame.payload) for frame in sent)


def feed_in_portions(reader: FrameReader, data: bytes, size: int) -> list[Frame]:
    return [frame for start in range(0, len(data), size) for frame in reader.feed(data[start : start + size])]


@given(lists_of_frames, st.integers(1, 300))
def test_round_trip_in_any_portions(sent: list[Frame], portion: int) -> None:
    reader = FrameReader()
    assert feed_in_portions(reader, encode_all(sent), portion) == sent
    assert reader.bad_frames == 0


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[Frame], bytes]:
    """Frames, and their bytes with some flipped, lost, doubled or made up."""
    sent = draw(st.lists(frames, min_size=1, max_size=5))
    data = bytearray(encode_all(sent))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(data) - 1)) if data else 0
        match draw(st.sampled_from(["flip", "lose", "double", "garbage"])):
            case "flip" if data:
                data[place] ^= draw(st.integers(1, 255))
            case "lose":
                del data[place : place + draw(st.integers(1, 20))]
            case "double":
                data[place:place] = data[place : place + draw(st.integers(1, 20))]
            case _:
                data[place:place] = draw(st.binary(max_size=30))
    return sent, bytes(data)


@settings(max_examples=500)
@given(damaged())
def test_damage_never_makes_a_frame(case: tuple[list[Frame], bytes]) -> None:
    sent, data = case
    for frame in FrameReader().feed(data):
        assert frame in sent


@given(frames, st.binary(max_size=50).filter(lambda noise: noise.strip(b"\0") != b""), frames)
def test_a_frame_after_noise_arrives(before: Frame, noise: bytes, after: Frame) -> None:
    reader = FrameReader()
    got = reader.feed(encode_frame(before.type, before.payload) + noise + encode_frame(after.type, after.payload))
    assert [before, after] == got
    assert reader.bad_frames >= 1


def test_noise_without_a_delimiter_takes_no_memory() -> None:
    reader = FrameReader()
    for _ in range(100):
        assert reader.feed(b"\x55" * MAX_FRAME) == []
    assert reader.bad_frames >= 10
    assert reader.feed(b"\0" + encode_frame(1, b"x")) == [Frame(1, b"x")]


Driver = Callable[[bytes], subprocess.CompletedProcess[bytes]]
CompileSanitised = Callable[[str, Sequence[Path]], Path]


def run(program: Path, *arguments: str) -> Driver:
    def call(data: bytes) -> subprocess.CompletedProcess[bytes]:
        done = subprocess.run([program, *arguments], input=data, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done

    return call


def sources(driver: str, *names: str) -> list[Path]:
    return [Path(__file__).parent / "c" / driver, *(firmware_folder() / "src" / name for name in names)]


@pytest.fixture(scope="session")
def cobs_driver(compile_sanitised: CompileSanitised) -> Path:
    return compile_sanitised("cobs_driver", sources("cobs_driver.c", "cobs.c"))


@pytest.fixture(scope="session")
def link_driver(compile_sanitised: CompileSanitised) -> Driver:
    names = ("link.c", "frame.c", "cobs.c", "crc32.c", "rtt.c")
    return run(compile_sanitised("link_driver", sources("link_driver.c", *names)))


edge_sizes = st.sampled_from([0, 1, 253, 254, 255, 256, 507, 508, 509, 510, 600])


def zero_rich(size: int, seed: int) -> bytes:
    return np.random.default_rng(seed).choice(np.array([0, 1, 255], np.uint8), size).tobytes()


bodies = st.one_of(
    st.binary(max_size=600),
    edge_sizes.map(lambda size: b"\x07" * size),
    st.builds(zero_rich, edge_sizes, st.integers(0, 1000)),
)


@settings(max_examples=60, deadline=None)
@given(bodies)
def test_firmware_encodes_cobs_as_the_library_does(cobs_driver: Path, body: bytes) -> None:
    encoded = run(cobs_driver, "encode")(body).stdout
    assert encoded[-1:] == b"\0"
    assert 0 not in encoded[:-1]
    assert cobs.decode(encoded[:-1]) == body
    assert len(encoded) <= len(body) + len(body) // 254 + 2


def decode_in_c(cobs_driver: Path, data: bytes, capacity: int) -> tuple[list[bytes], int]:
    out = run(cobs_driver, "decode", str(capacity))(data).stdout
    decoded, place = [], 0
    while place < len(out) - 4:
        (size,) = struct.unpack_from("<I", out, place)
        decoded.append(out[place + 4 : place + 4 + size])
        place += 4 + size
    return decoded, struct.unpack_from("<I", out, place)[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(bodies.filter(bool), max_size=4))
def test_firmware_decodes_what_the_library_encodes(cobs_driver: Path, sent: list[bytes]) -> None:
    data = b"".join(cobs.encode(body) + b"\0" for body in sent)
    assert decode_in_c(cobs_driver, data, 600) == (sent, 0)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 40))
def test_decoder_survives_garbage(cobs_driver: Path, garbage: bytes, capacity: int) -> None:
    """Judged by the library: whole frames that fit come out, all others are counted."""
    wanted, dropped = [], 0
    for part in (garbage + b"\0").split(b"\0")[:-1]:
        try:
            body = cobs.decode(part) if part else b""
        except cobs.DecodeError:
            dropped += 1
            continue
        if len(body) > capacity:
            dropped += 1
        elif body:
            wanted.append(body)
    assert decode_in_c(cobs_driver, garbage + b"\0", capacity) == (wanted, dropped)


def on_lane(lane: int, data: bytes) -> bytes:
    portions = [data[start : start + 255] for start in range(0, len(data), 255)]
    return b"".join(bytes([lane, len(portion)]) + portion for portion in portions)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.builds(Frame, st.integers(0, 255), st.binary(max_size=512)), max_size=5), st.integers(0, 3))
def test_firmware_takes_and_sends_frames(link_driver: Driver, sent: list[Frame], lane: int) -> None:
    done = link_driver(on_lane(lane, encode_all(sent)))
    reader = FrameReader()
    assert reader.feed(done.stdout) == sent
    assert reader.bad_frames == 0
    assert done.stderr == b"0"


@settings(max_examples=60, deadline=None)
@given(damaged())
def test_damage_never_makes_a_frame_in_firmware(link_driver: Driver, case: tuple[list[Frame], bytes]) -> None:
    sent, data = case
    short = [Frame(frame.type, frame.payload[:512]) for frame in sent]  # the driver sends back no more
    for frame in FrameReader().feed(link_driver(on_lane(0, data)).stdout):
        assert frame in short


def test_firmware_survives_garbage_on_every_lane(link_driver: Driver) -> None:
    rng = np.random.default_rng(3)
    noise = b"".join(on_lane(int(rng.integers(4)), rng.bytes(int(rng.integers(1, 4000)))) for _ in range(200))
    noise += b"".join(on_lane(lane, b"\0" + b"\xff" * 5000) for lane in range(4))  # no end in sight
    sent = Frame(2, bytes(range(256)))
    done = link_driver(noise + on_lane(2, encode_frame(sent.type, sent.payload)))
    assert FrameReader().feed(done.stdout)[-1] == sent
    assert int(done.stderr) > 100


def test_wrong_crc_is_counted_and_dropped(link_driver: Driver) -> None:
    body = b"\x01abcd"
    wrong = cobs.encode(body + (zlib.crc32(body) ^ 1).to_bytes(4, "little")) + b"\0"
    done = link_driver(on_lane(1, wrong))
    assert (done.stdout, done.stderr) == (b"", b"1")
