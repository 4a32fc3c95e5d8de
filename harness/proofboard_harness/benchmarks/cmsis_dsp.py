"""The front end as calls of CMSIS-DSP, in the three ways in which its own functions fit together.

Each runs frame by frame: scale to full range, window, real Fourier transform, power (or magnitude), mel bands as one
dot product each over the bins that a band has, logarithm. Every stage is a function of its own, so that it is counted
apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jinja2
import numpy as np
from numpy.typing import NDArray

from ..product import FrontendTensors
from .c_arrays import constant

STAGES = ("shift", "window", "fft", "power", "mel", "log")
OPTIONS = ("-DARM_MATH_LOOPUNROLL", "-DDISABLEFLOAT16")
"""Loop unrolling is what CMSIS-DSP's own build files choose unless told otherwise."""

FILES = (
    "arm_absmax_no_idx_q15.c",
    "arm_bitreversal2.c",
    "arm_cfft_f32.c",
    "arm_cfft_init_f32.c",
    "arm_cfft_init_q15.c",
    "arm_cfft_q15.c",
    "arm_cfft_radix4_q15.c",
    "arm_cfft_radix8_f32.c",
    "arm_cmplx_mag_q15.c",
    "arm_cmplx_mag_squared_f32.c",
    "arm_cmplx_mag_squared_q15.c",
    "arm_common_tables.c",
    "arm_const_structs.c",
    "arm_dot_prod_f32.c",
    "arm_dot_prod_q15.c",
    "arm_mult_f32.c",
    "arm_mult_q15.c",
    "arm_q15_to_float.c",
    "arm_rfft_fast_f32.c",
    "arm_rfft_fast_init_f32.c",
    "arm_rfft_init_q15.c",
    "arm_rfft_q15.c",
    "arm_shift_q15.c",
    "arm_sqrt_q31.c",
    "arm_vlog_f32.c",
    "arm_vlog_q15.c",
)
"""What the chains need of CMSIS-DSP; the linker drops the rest of each file."""

_LSB = 32768.0
_LOG_STEPS = 2048.0  # a unit of arm_vlog_q15, which has 11 fraction bits


@dataclass(frozen=True)
class Chain:
    """One way of calling CMSIS-DSP.

    Attributes:
        key: part of a C identifier.
        title: what a table calls it.
        template: the C.
        power: the function between spectrum and mel bands, where the template lets choose.
        dtype: of the data.
        exponent: of the spectrum in what is logged: 2 for power, 1 for magnitude.
        gain: from the frame to what the chain has divided the spectrum (or its power) by, besides Q15.
    """

    key: str
    title: str
    template: str
    power: str
    dtype: type[np.int16] | type[np.float32]
    exponent: int
    gain: Callable[[int], float]

    def decibels(self, output: NDArray[np.generic], tensors: FrontendTensors) -> NDArray[np.float64]:
        """dB of Σ weights · |spectrum|^exponent, the sound in LSB, from natural logarithms at the chain's scale."""
        per_decade = 20.0 / self.exponent
        natural = output.astype(np.float64)
        if self.dtype is np.float32:
            return per_decade / np.log(10.0) * natural + 20.0 * np.log10(_LSB)
        level = natural / _LOG_STEPS / np.log(10.0) + np.log10(_LSB * self.gain(tensors.frame))
        return per_decade * level - 20.0 * np.log10(2.0) * _shifts(tensors.pcm)[:, None]


def _no_gain(frame: int) -> float:
    """float32 loses nothing."""
    return 1.0


def _power_gain(frame: int) -> float:
    """`arm_rfft_q15` divides by the frame, `arm_cmplx_mag_squared_q15` its power by 2^17."""
    return 2.0**17 * frame**2


def _magnitude_gain(frame: int) -> float:
    """`arm_cmplx_mag_q15` halves."""
    return 2.0 * frame


CHAINS = (
    Chain("q15", "q15, power", "dsp_q15.c.jinja", "arm_cmplx_mag_squared_q15", np.int16, 2, _power_gain),
    Chain(
        "q15_magnitude",
        "q15, magnitude (as arm_mfcc_q15)",
        "dsp_q15.c.jinja",
        "arm_cmplx_mag_q15",
        np.int16,
        1,
        _magnitude_gain,
    ),
    Chain("f32", "float32, power", "dsp_f32.c.jinja", "", np.float32, 2, _no_gain),
)


def chain_source(name: str, chain: Chain, tensors: FrontendTensors) -> str:
    """C that defines `void <name>__prepare(void)`, `void <name>(void)`, which takes every frame of the sound through
    the chain, `<name>__<stage>` for each of STAGES, and `<name>__output[]`, [frames, bands]."""
    tables = {
        "sound": tensors.pcm,
        "window": _numbers(chain, tensors.window),
        "start": tensors.mel_start,
        "length": tensors.mel_length,
        "weights": _numbers(chain, tensors.mel_weights),
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "."), undefined=jinja2.StrictUndefined, autoescape=False
    )
    return environment.get_template(chain.template).render(
        name=name,
        frame=tensors.frame,
        frames=len(tensors.pcm),
        bands=tensors.mel_start.size,
        power=chain.power,
        constants="".join(constant(table, values) for table, values in tables.items()),
    )


def _shifts(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """What the chain's first stage shifts each frame by."""
    peak = np.abs(pcm.astype(np.int64)).max(axis=1).clip(1, 32767)
    return np.asarray(14.0 - np.floor(np.log2(peak)))


def _numbers(chain: Chain, values: NDArray[np.float64]) -> NDArray[np.int16] | NDArray[np.float32]:
    """0..1 as the chain's numbers."""
    if chain.dtype is np.float32:
        return values.astype(np.float32)
    return np.minimum(np.rint(values * _LSB), 32767).astype(np.int16)
