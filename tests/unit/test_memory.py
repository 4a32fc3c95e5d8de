"""memset and strlen of the firmware, which stand in for the C library's."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.build import firmware_folder

_ROOM = 96
Find = Callable[[str], "ctypes._NamedFuncPointer"]
places = st.integers(0, 8)
sizes = st.integers(0, 64)


@pytest.fixture(scope="module")
def function(compile_c: Callable[[str, Sequence[Path], Sequence[str]], Path]) -> Find:
    """A function of memory.c, compiled for this machine under a name that no library has."""
    names = ["-Dmemset=pb_memset", "-Dstrlen=pb_strlen"]
    options = ["-O1", "-ffreestanding", "-shared", "-fPIC", *names]
    loaded = ctypes.CDLL(str(compile_c("memory.so", [firmware_folder() / "cortex_m" / "memory.c"], options)))

    def take(name: str) -> ctypes._NamedFuncPointer:
        found = getattr(loaded, name)
        found.restype = ctypes.c_void_p
        return found

    return take


@given(st.integers(-1000, 1000), places, sizes)
def test_fill(function: Find, value: int, to: int, size: int) -> None:
    target = ctypes.create_string_buffer(b"\x5a" * _ROOM, _ROOM)
    place = ctypes.addressof(target) + to
    given_back = function("pb_memset")(ctypes.c_void_p(place), ctypes.c_int(value), ctypes.c_size_t(size))
    expected = bytearray(b"\x5a" * _ROOM)
    expected[to : to + size] = bytes([value & 0xFF]) * size
    assert (target.raw, given_back) == (bytes(expected), place)


@given(st.binary(max_size=64).filter(lambda text: 0 not in text))
def test_length(function: Find, text: bytes) -> None:
    length = function("pb_strlen")(ctypes.create_string_buffer(text)) or 0  # ctypes: a null pointer is None
    assert length == len(text)
