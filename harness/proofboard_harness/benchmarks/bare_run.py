"""Runs cases of a bare image in one simulation: outputs, modelled cycles of each, bytes of flash of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..boards import load_board
from ..elf import Image
from ..errors import TargetFault
from ..simulator.cycle_tree import CallTree, Counts
from ..simulator.cycles import run_image
from .bare_image import BOARD, Case, Unit, compile_units, link_image

_SIMULATION_SECONDS = 300.0

_NOTHING = Case("nothing", 1)
"""What the size of a case is measured against."""

_NOTHING_SOURCE = """#include <stdint.h>
void nothing(void);
uint8_t nothing__output[1];
void nothing(void) {
}
"""


@dataclass(frozen=True)
class CaseResult:
    """What a case left and cost.

    Attributes:
        output: the bytes of `<name>__output`.
        tree: its calls; `tree.total` is the case's own count.
        constant_bytes: flash of the objects named `<name>__…`.
        code_bytes: the rest of what the case adds to an image: code, and tables that it shares with nobody.
    """

    output: bytes
    tree: CallTree
    constant_bytes: int
    code_bytes: int

    @property
    def counts(self) -> Counts:
        """Of the whole case."""
        return self.tree.total


def run_cases(units: Sequence[Unit], cases: Sequence[Case], folder: Path) -> dict[str, CaseResult]:
    """Build one image with all cases in it, run it once, and link each case alone for its size. By the case's name.

    Raises:
        ToolMissing: compiler or simulator is not there.
        FirmwareFault: it can't be built.
        TargetFault: it faulted or did not end.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nothing = folder / f"{_NOTHING.name}.c"
    nothing.write_text(_NOTHING_SOURCE, encoding="utf-8")
    objects = compile_units([*units, Unit([nothing])], folder)
    image = link_image(objects, cases, folder / "all")
    run = run_image(image, load_board(BOARD), windows=[case.name for case in cases], seconds=_SIMULATION_SECONDS)
    lines = run.output.split()
    if run.status != 0 or len(lines) != len(cases):
        seen = f"the image ended with {run.status} after {len(lines)} of {len(cases)} cases"
        raise TargetFault(seen, where=str(image), hint=f"it was in {cases[min(len(lines), len(cases) - 1)].name}")
    bare = _flash_bytes(Image.load(link_image(objects, (_NOTHING,), folder / _NOTHING.name)))
    results = {}
    for case, line in zip(cases, lines, strict=True):
        alone = Image.load(link_image(objects, (case,), folder / case.name))
        constants = sum(
            symbol.size
            for symbol in alone.symbols
            if symbol.name.startswith(f"{case.name}__") and symbol.section == ".rodata"
        )
        (tree,) = run.tree.find(case.name)
        code = _flash_bytes(alone) - bare - constants
        results[case.name] = CaseResult(bytes.fromhex(line.decode("ascii")), tree, constants, code)
    return results


def _flash_bytes(image: Image) -> int:
    return sum(len(segment.data) for segment in image.segments)
