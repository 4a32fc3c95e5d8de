"""The lossless code of PCM: what the host encodes, the statement and the firmware decode to the same samples."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pcm_decoder import NotACode, decode
from proofboard_harness.build import firmware_folder
from proofboard_harness.pcm_code import encode, encode_raw
from proofboard_host.frontend.adversarial import adversarial_clips

SAMPLE = st.integers(-32768, 32767)
EXTREME = st.sampled_from([-32768, -32767, -1, 0, 1, 32766, 32767])
CHUNKS = st.one_of(st.lists(SAMPLE, min_size=1, max_size=90), st.lists(EXTREME, min_size=1, max_size=90))
CHUNK = 320
LONGEST = 1 + 2 * CHUNK

Decoder = Callable[[Sequence[tuple[bytes, int]]], list[NDArray[np.int16] | None]]


@pytest.fixture(scope="module")
def firmware_decode(compile_sanitised: Callable[[str, Sequence[Path]], Path]) -> Decoder:
    """The firmware's decoder under ASan and UBSan; None for what it refuses."""
    driver = Path(__file__).parent / "c" / "pcm_decode_driver.c"
    program = compile_sanitised("pcm_decode_driver", [driver, firmware_folder() / "src" / "pcm_decode.c"])

    def run(cases: Sequence[tuple[bytes, int]]) -> list[NDArray[np.int16] | None]:
        stream = b"".join(struct.pack("<II", count, len(code)) + code for code, count in cases)
        output = subprocess.run([program], input=stream, capture_output=True, check=True).stdout
        answers: list[NDArray[np.int16] | None] = []
        for _, count in cases:
            whole, output = output[0], output[1:]
            answers.append(np.frombuffer(output[: 2 * count], "<i2") if whole else None)
            output = output[2 * count :] if whole else output
        assert output == b""
        return answers

    return run


@given(CHUNKS)
def test_every_chunk_comes_back(chunk: list[int]) -> None:
    samples = np.array(chunk, np.int16)
    np.testing.assert_array_equal(decode(encode(samples), len(samples)), samples)
    np.testing.assert_array_equal(decode(encode_raw(samples), len(samples)), samples)


def test_no_chunk_is_longer_than_a_frame_has_room_for() -> None:
    clips = adversarial_clips(60, 16000, seed=4).reshape(-1, CHUNK)
    assert max(len(encode(chunk)) for chunk in clips) <= LONGEST


def test_firmware_decodes_adversarial_clips(firmware_decode: Decoder) -> None:
    chunks = adversarial_clips(45, 4160, seed=5).reshape(-1, CHUNK)
    for code in (encode, encode_raw):
        for chunk, answer in zip(chunks, firmware_decode([(code(chunk), CHUNK) for chunk in chunks]), strict=True):
            np.testing.assert_array_equal(answer, chunk)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.binary(max_size=120), st.integers(1, 60)), min_size=1, max_size=50))
def test_firmware_refuses_what_is_no_code(firmware_decode: Decoder, cases: list[tuple[bytes, int]]) -> None:
    """Random bytes and cut or lengthened codes: the same verdict as the statement, no step outside the buffers."""
    whole = encode(np.arange(-30, 30, dtype=np.int16) * 1000)
    cases = [*cases, (whole, 60), (whole[:-1], 60), (whole + b"\0", 60), (whole, 59), (whole, 61)]
    raw = encode_raw(np.arange(60, dtype=np.int16))
    cases += [(raw, 60), (raw[:-1], 60), (raw + b"\0", 60), (raw, 59)]
    for (code, count), answer in zip(cases, firmware_decode(cases), strict=True):
        try:
            expected = decode(code, count)
        except NotACode:
            assert answer is None
        else:
            np.testing.assert_array_equal(answer, expected)


def test_silence_costs_next_to_nothing() -> None:
    assert len(encode(np.zeros(CHUNK, np.int16))) == 1 + (CHUNK // 20 * 5 + 7) // 8
