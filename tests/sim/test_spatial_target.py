"""Kernels of convolutions and pools of the Cortex-M33 on QEMU against the integer reference, where their loops begin
and end; and a whole network of them."""

from __future__ import annotations

from pathlib import Path

from kernel_cases import first_difference, input_bytes, random_exchanges, write_calls
from spatial_cases import shaped_calls
from test_kernels_target import build, run


def test_ends_of_loops(tmp_path: Path) -> None:
    every = shaped_calls(51)
    expected = random_exchanges(51, every)
    image = build(write_calls(every, tmp_path), tmp_path)
    assert first_difference(every, expected, run(image, input_bytes(expected))) is None
