"""How the RA6E1's firmware divides PCLKA into a baud rate: its own C, compiled for this machine.

Rate = PCLKA / (D x (BRR + 1)) x MDDR / 256, D = 32, 16 or 8 by BGDM and ABCS, MDDR only with BRME (Renesas FSP 6.3.1,
r_sci_uart.c).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import pytest
from conftest import Compile
from hypothesis import given
from hypothesis import strategies as st
from proofboard_harness.build import firmware_folder

PCLKA = 100_000_000
MOCO = 8_000_000
ABCS, BGDM, BRME = 0x10, 0x40, 0x04
DIVIDERS = {0: 32, BGDM: 16, BGDM | ABCS: 8}
LEAST_MDDR, MDDR_FULL = 128, 256
MDDR_ROUNDING = Fraction(1, 2 * LEAST_MDDR)
"""Half a step of MDDR, which is never less than 128."""


class _Baud(ctypes.Structure):
    _fields_ = [("semr", ctypes.c_uint8), ("brr", ctypes.c_uint8), ("mddr", ctypes.c_uint8)]


@dataclass(frozen=True)
class Setting:
    """What the registers are set to, and the rate that comes of it."""

    semr: int
    brr: int
    mddr: int
    pclka: int

    @property
    def rate(self) -> Fraction:
        modulated = Fraction(self.mddr, MDDR_FULL) if self.semr & BRME else 1
        return Fraction(self.pclka, DIVIDERS[self.semr & ~BRME] * (self.brr + 1)) * modulated

    def error(self, baud: int) -> Fraction:
        return abs(self.rate / baud - 1)


Choose = Callable[[int, int], Setting]


@pytest.fixture(scope="module")
def choose(compile_c: Compile) -> Choose:
    chip = firmware_folder() / "chips" / "ra6e1"
    path = compile_c("sci.so", [chip / "sci.c"], ["-shared", "-fPIC"])
    function = ctypes.CDLL(str(path)).ra6e1_baud_for
    function.argtypes = [ctypes.c_uint32, ctypes.c_uint32]
    function.restype = _Baud

    def call(pclka: int, baud: int) -> Setting:
        made = function(pclka, baud)
        return Setting(made.semr, made.brr, made.mddr, pclka)

    return call


def nearest(pclka: int, baud: int) -> Fraction:
    """The least error of the settings that run too fast by less than one count of BRR, MDDR slowing them down."""
    errors = []
    for semr, divider in DIVIDERS.items():
        count = pclka // (divider * baud)
        if 1 <= count <= MDDR_FULL:
            modulated = [Setting(semr | BRME, count - 1, mddr, pclka) for mddr in range(LEAST_MDDR, MDDR_FULL)]
            errors += [setting.error(baud) for setting in (Setting(semr, count - 1, 0, pclka), *modulated)]
    return min(errors)


@pytest.mark.parametrize(
    ("baud", "per_mille"),
    [
        (115_200, 1.0),
        (230_400, 1.0),
        (460_800, 1.0),
        (500_000, 0.0),
        (921_600, 1.6),
        (1_000_000, 1.0),
        (1_500_000, 1.0),
        (2_000_000, 1.0),
    ],
)
def test_usual_rates_at_100_mhz(choose: Choose, baud: int, per_mille: float) -> None:
    assert float(choose(PCLKA, baud).error(baud)) * 1000 <= per_mille


@pytest.mark.parametrize("baud", [500_000, 250_000, 125_000, 100_000, 1_562_500, 3_125_000])
def test_an_exact_divisor_needs_no_modulation(choose: Choose, baud: int) -> None:
    setting = choose(PCLKA, baud)
    assert setting.error(baud) == 0
    assert not setting.semr & BRME


def test_a_megabit_is_the_setting_in_the_board_file(choose: Choose) -> None:
    assert choose(PCLKA, 1_000_000) == Setting(BRME, 2, 246, PCLKA)


def test_rates_while_only_the_moco_runs(choose: Choose) -> None:
    """The rate of a report that a clock never came."""
    assert choose(MOCO, 1_000_000) == Setting(BGDM | ABCS, 0, 255, MOCO)
    assert choose(MOCO, 115_200).error(115_200) < Fraction(4, 1000)


@given(baud=st.integers(PCLKA // 8192 + 1, PCLKA // 8))
def test_no_setting_of_its_kind_is_nearer(choose: Choose, baud: int) -> None:
    setting = choose(PCLKA, baud)
    assert setting.semr & ~BRME in DIVIDERS
    assert LEAST_MDDR <= setting.mddr < MDDR_FULL
    assert setting.error(baud) == nearest(PCLKA, baud)
    assert setting.error(baud) <= MDDR_ROUNDING
