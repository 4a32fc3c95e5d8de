"""Decoding: any rate and channel count to 16 kHz mono; what is no sound is one clear error."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import numpy as np
import pytest
from data_example import RATE, noise, voice, write_wav
from proofboard_host.data import decode as decode_module
from proofboard_host.data.decode import decode
from proofboard_host.errors import DataFault
from scipy.io import wavfile


def decoded(path: Path, **options: float) -> np.ndarray:
    return decode(path.read_bytes(), suffix=path.suffix, where=path.name, sample_rate=RATE, **options)


def test_sixteen_kilohertz_mono_is_taken_as_it_is(tmp_path: Path) -> None:
    pcm = noise(1)
    assert np.array_equal(decoded(write_wav(tmp_path / "a.wav", pcm)), pcm)


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1)])
def test_rate_and_channels_are_converted(tmp_path: Path, rate: int, channels: int) -> None:
    path = write_wav(tmp_path / "a.wav", voice(500.0, 1.0, rate), rate, channels)
    pcm = decoded(path)
    assert abs(pcm.size - RATE) <= 32
    spectrum = np.abs(np.fft.rfft(pcm[:RATE].astype(float) * np.hanning(pcm[:RATE].size)))
    assert np.fft.rfftfreq(pcm[:RATE].size, 1 / RATE)[spectrum.argmax()] == pytest.approx(500.0, abs=2.0)


def test_g722_needs_no_header() -> None:
    sound = io.BytesIO()
    with av.open(sound, "w", format="g722") as container:
        stream = container.add_stream("g722", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(voice(400.0, 1.0)[None, :], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    pcm = decode(sound.getvalue(), suffix=".g722", where="a.g722", sample_rate=RATE)
    assert abs(pcm.size - RATE) < 400
    assert np.abs(pcm).max() > 4000


def test_a_part_of_a_file(tmp_path: Path) -> None:
    pcm = noise(2, 3.0)
    part = decoded(write_wav(tmp_path / "a.wav", pcm), start=0.5, stop=1.25)
    assert np.array_equal(part, pcm[8_000:20_000])


def test_long_files_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode_module, "LONGEST_SECONDS", 2.0)
    assert decoded(write_wav(tmp_path / "a.wav", noise(3, 5.0))).size == 2 * RATE


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all" * 100])
def test_corrupt_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"broken\.wav.*\n.*remove or replace"):
        decoded(path)


def test_wav_with_no_samples_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match=r"empty\.wav"):
        decoded(write_wav(tmp_path / "empty.wav", noise(4)[:0]))


def test_wav_that_was_cut_off_is_named(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "a.wav", noise(5)).read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[:-1000])
    with pytest.raises(DataFault, match=r"cut\.wav: was cut off: 1,000 bytes are missing"):
        decoded(tmp_path / "cut.wav")


@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF])
def test_wav_of_unknown_length_is_taken_to_its_end(size: int, tmp_path: Path) -> None:
    """As a recorder writes it that was not ended by its own will."""
    pcm = noise(6)
    content = bytearray(write_wav(tmp_path / "a.wav", pcm).read_bytes())
    place = content.index(b"data") + 4
    content[place : place + 4] = struct.pack("<I", size)
    (tmp_path / "open.wav").write_bytes(content)
    assert np.array_equal(decoded(tmp_path / "open.wav"), pcm)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(value: float, tmp_path: Path) -> None:
    sound = noise(7).astype(np.float32) / 32768
    wavfile.write(tmp_path / "float.wav", RATE, sound)
    assert decoded(tmp_path / "float.wav").size == sound.size
    sound[100] = value
    wavfile.write(tmp_path / "float.wav", RATE, sound)
    with pytest.raises(DataFault, match=r"float\.wav: holds samples that are no numbers"):
        decoded(tmp_path / "float.wav")
