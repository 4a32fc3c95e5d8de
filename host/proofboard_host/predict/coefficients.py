"""Instructions per amount of work on a Cortex-M33, for the firmware as it is compiled.

Executed instructions, counted by QEMU's mps2-an505 under `-icount` for arm-none-eabi-gcc 12.2 with the flags of
`firmware/CMakeLists.txt`; fitted by relative least squares over random networks and front ends, and checked on other
ones to 5 % per layer (`tests/sim/test_prediction.py`). `python tests/sim/fit_costs.py` counts again and prints this
table. They are no cycles: flash wait states and the pipeline are not in them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Coefficients:
    """One field per routine, amounts in the order of `work.Work`.

    Clamping takes a shorter way through a row of `dense_*`, silence one through a band of `mel`: those amounts are
    means over random clips.
    """

    quantise: tuple[float, ...]
    """Per call, output."""
    dense_int8: tuple[float, ...]
    """Per call, output, multiply-accumulate."""
    dense_int16: tuple[float, ...]
    """Per call, output, multiply-accumulate."""
    to_float: tuple[float, ...]
    """Per call, output."""
    dense_float: tuple[float, ...]
    """Per call, output, multiply-accumulate."""
    relu: tuple[float, ...]
    """Per call, output."""
    finish_int16: tuple[float, ...]
    """Per inference, logit."""
    finish_float: tuple[float, ...]
    """Per inference, logit."""
    frontend: tuple[float, ...]
    """Per clip, frame: all that is in no stage."""
    shift: tuple[float, ...]
    """Per frame, sample."""
    window_radix2: tuple[float, ...]
    """Per frame, butterfly."""
    window_radix4: tuple[float, ...]
    """Per frame, butterfly."""
    fft: tuple[float, ...]
    """Per stage, set of twiddles, butterfly."""
    power: tuple[float, ...]
    """Per frame, pair of bins."""
    mel: tuple[float, ...]
    """Per frame, band, filter weight."""


CORTEX_M33 = Coefficients(
    quantise=(11.16, 19.22),
    dense_int8=(13.23, 51.34, 5.0),
    dense_int16=(30.67, 49.3, 4.99),
    to_float=(7.48, 7.13),
    dense_float=(13.53, 7.23, 6.0),
    relu=(8.08, 7.78),
    finish_int16=(0.74, 12.85),
    finish_float=(28.77, 12.03),
    frontend=(33.72, 1.3),
    shift=(15.98, 5.0),
    window_radix2=(32.12, 44.0),
    window_radix4=(49.39, 91.01),
    fft=(28.73, 32.4, 89.8),
    power=(22.98, 35.0),
    mel=(22.63, 56.11, 5.0),
)
