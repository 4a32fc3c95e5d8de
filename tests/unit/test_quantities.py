"""Sizes and times of the command line."""

from __future__ import annotations

import dataclasses

import pytest
from proofboard_harness.boards import load_board
from proofboard_harness.compression import BoardLinker
from proofboard_harness.errors import ConfigurationFault
from proofboard_harness.quantities import read_bytes, read_milliseconds


@pytest.mark.parametrize(
    ("text", "size"),
    [("2k", 2000), ("24kB", 24_000), ("16 KiB", 16_384), ("1Mi", 1 << 20), ("900", 900), ("1.5k", 1500), ("1e3", 1000)],
)
def test_sizes(text: str, size: int) -> None:
    assert read_bytes(text) == size


@pytest.mark.parametrize(("text", "time"), [("5", 5.0), ("5ms", 5.0), ("300us", 0.3), ("300 µs", 0.3), ("0.5s", 500.0)])
def test_times(text: str, time: float) -> None:
    assert read_milliseconds(text) == pytest.approx(time)


@pytest.mark.parametrize("text", ["", "k", "many", "2q", "-1k", "0", "0.5", "1e999", "nan", "inf", "1,5k", "2k 3k"])
def test_no_size(text: str) -> None:
    with pytest.raises(ConfigurationFault) as caught:
        read_bytes(text)
    assert repr(text) in caught.value.seen
    assert "KiB" in caught.value.hint


@pytest.mark.parametrize("text", ["5 parsecs", "0", "-1ms", "nan", "5kB"])
def test_no_time(text: str) -> None:
    with pytest.raises(ConfigurationFault, match=r"unit|small"):
        read_milliseconds(text)


def test_a_budget_of_time_reckons_with_memory_that_waits() -> None:
    board = load_board("fpb-ra6e1")
    linker = BoardLinker(board, board.folder)
    assert (linker.clock_hz, linker.waiting) == (200_000_000, 1.5)
    quick = tuple(dataclasses.replace(region, wait_states=0) for region in board.memory)
    assert BoardLinker(dataclasses.replace(board, memory=quick), board.folder).waiting == 1.0
