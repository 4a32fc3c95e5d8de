"""Dense kernels of the Cortex-M33 on QEMU against the integer reference, where their loops begin and end."""

from __future__ import annotations

from pathlib import Path

from dense_cases import shaped_and_extreme
from kernel_cases import first_difference, input_bytes, write_calls
from test_kernels_target import build, run


def test_ends_of_loops_and_of_sums(tmp_path: Path) -> None:
    every, expected = shaped_and_extreme(41)
    image = build(write_calls(every, tmp_path), tmp_path)
    assert first_difference(every, expected, run(image, input_bytes(expected))) is None
