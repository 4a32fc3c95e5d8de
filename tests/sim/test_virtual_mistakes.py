"""Mistakes in the board's own firmware that only silicon would have told: named by the virtual RA6E1."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import numpy as np
import pytest
from built_example import Built
from graph_example import integer_graph
from proofboard_harness import build
from proofboard_harness.boards import load_board
from proofboard_harness.build import firmware_folder
from proofboard_harness.errors import ProofboardError, TargetFault
from proofboard_harness.spec import BoardSpec
from test_virtual_faults import running

CHIP = Path("chips") / "ra6e1"
OVERRUN = (
    ("receive_dma.c", "    DMCNT(DMA_CHANNEL) = 1;\n", ""),  # nobody takes the bytes while the network runs
    ("sci.c", "    const uint8_t errors = SSR_ORER | SSR_FER | SSR_PER;", "    const uint8_t errors = 0;"),
    ("sci.c", "    if ((SCI_SSR(channel) & errors) == 0) {", "    if (errors == 0) {"),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ((("clocks.c", "    FLWT = FLASH_WAITS_ABOVE_150_MHZ;", "   "),), "FLWT is 0, but ICLK of 200 MHz needs 3"),
        ((("pins.c", "    PWPR = PWPR_PFSWE;\n", ""),), "P109PFS was written while it is locked: PWPR.PFSWE is 0"),
        (
            (
                (
                    "clocks.c",
                    "    return wait_for(awaited_OSCSF_HOCOSF);",
                    "    (void)awaited_OSCSF_HOCOSF; return NULL;",
                ),
            ),
            "PLLCR started the PLL from the HOCO before that is stable: OSCSF.HOCOSF is 0",
        ),
        (OVERRUN, "SCI9.SSR.ORER: the receive FIFO overran"),
    ],
    ids=["wait state missing", "PFS locked", "PLL before HOCO", "overrun ignored"],
)
def test_a_mistake_of_the_firmware_is_named(
    changes: tuple[tuple[str, str, str], ...], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = tmp_path / "firmware"
    shutil.copytree(firmware_folder(), wrong)
    for name, right, mistake in changes:
        source = wrong / CHIP / name
        text = source.read_text(encoding="utf-8")
        assert text.count(right) == 1
        source.write_text(text.replace(right, mistake), encoding="utf-8")
    spec = load_board("virtual-ra6e1")
    with monkeypatch.context() as patched:
        patched.setattr(build, "firmware_folder", lambda: wrong)
        built = Built.make(integer_graph(7, 992, (128, 20, 2), name="compressed"), spec, tmp_path / "builds")
    with pytest.raises(TargetFault, match=f"the virtual board stopped: {named}"):
        converse(spec, built)


def converse(spec: BoardSpec, built: Built) -> None:
    """Greeting and clips; raises what stopped the board, whoever noticed it first."""
    noise = np.random.default_rng(3).integers(-32768, 32768, (3, 16_000), dtype=np.int16)
    with running(spec, built.elf) as (board, target):
        with contextlib.suppress(ProofboardError):
            target.greet(built.identity)
            list(target.stream(noise))
        board.check_alive()
