"""Bytes of code of the kernels that run sparse weights, compiled as the firmware is."""

from __future__ import annotations

from pathlib import Path

from ..elf import Image
from .bare_image import Unit, compile_units

CODINGS = ("bitmap", "rice")
FOLDER = Path(__file__).parent / "sparse"


def decoder_bytes(folder: Path) -> dict[str, int]:
    """Code and constants of each coding's kernel, by coding; `folder` takes the objects.

    Raises:
        ToolMissing: there is no cross compiler.
    """
    objects = compile_units([Unit([FOLDER / f"{name}.c"]) for name in CODINGS], folder)
    sizes = {}
    for name, path in zip(CODINGS, objects, strict=True):
        sections = Image.load(path).sections
        sizes[name] = sum(section.size for section in sections if section.name.startswith((".text", ".rodata")))
    return sizes
