"""Measures bytes of code for the prediction of flash and RAM, `proofboard_host/predict/code_size.py`.

    python tests/sim/code_sizes.py [--write]

compiles the firmware for the simulated board and links images with it; `--write` replaces the table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile

sys.path.insert(0, str(Path(__file__).parents[1]))
from built_example import Built
from cost_shapes import fitted_graphs
from graph_example import integer_graph
from proofboard_harness.benchmarks.bare_image import compile_units, firmware_unit
from proofboard_harness.boards import load_board
from proofboard_harness.elf import Image, sizes
from proofboard_host.graph.graph import Graph
from proofboard_host.predict import code_size
from proofboard_host.predict.memory import constant_bytes, frontend_table_bytes, kernel_files, predict_arena

BOARD = "qemu-mps2-an505"
_LOADED = (".text", ".rodata")
_ALWAYS = ("crc32", "frontend", "startup")  # files that are in every image
_NETWORK_SYMBOLS = ("pb_generated_network_run", "pb_generated_network")

_MODULE = '''"""Bytes of the firmware's code, by `tests/sim/code_sizes.py --write`: GCC 12.2, its build file's flags."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

FIRMWARE_ROM = {rom}
"""Flash that is in every image: start-up, link, front end without its tables, C library."""

FIRMWARE_RAM = {ram}
"""RAM that depends on neither application nor network: stack, buffers of the link."""

NETWORK_BYTES, NETWORK_LAYER_BYTES = {network}, {layer}
"""The code of a generated network, and of each of its layers."""

CODE_BYTES: Mapping[str, int] = MappingProxyType(
    {{
{files}    }}
)
"""By source file of the firmware: what a kernel that is called takes of flash."""

MEMCPY_BYTES = {memcpy}
"""The C library's memcpy, which only some networks need."""

MEMCPY_CALLERS = frozenset({callers})
"""Source files that call it; a network of float32 logits does as well."""
'''


@dataclass(frozen=True)
class Compiled:
    """Of a source file of an operator: bytes of code and constants; whether it calls memcpy."""

    size: int
    copies: bool


def compiled_files(folder: Path) -> dict[str, Compiled]:
    """By source file; those that are empty on this core left out."""
    found = {}
    for path in compile_units([firmware_unit()], folder):
        with path.open("rb") as stream:
            elf = ELFFile(stream)
            sections = [s for s in elf.iter_sections() if s.name.startswith(_LOADED)]
            size = sum(-(-section["sh_size"] // 4) * 4 for section in sections)
            symbols = elf.get_section_by_name(".symtab").iter_symbols()
            found[path.stem.partition("_")[2]] = Compiled(size, any(symbol.name == "memcpy" for symbol in symbols))
    return {name: one for name, one in sorted(found.items()) if one.size and not name.startswith(_ALWAYS)}


def network_code(images: list[tuple[Graph, Image]]) -> tuple[int, int]:
    """Bytes of the generated code that every network has, and of each layer, by least squares."""
    layers = np.array([len(graph.operators) for graph, _ in images])
    code = [sum(s.size for s in image.symbols if s.name in _NETWORK_SYMBOLS) for _, image in images]
    (each, whole), *_ = np.linalg.lstsq(np.column_stack([layers, np.ones(len(layers))]), np.array(code), rcond=None)
    return round(float(whole)), round(float(each))


def memcpy_bytes(images: list[Image]) -> int:
    """Of flash, where an image has it."""
    (size,) = {-(-s.size // 4) * 4 for image in images for s in image.symbols if s.name == "memcpy"}
    return size


def measure(folder: Path) -> str:
    """The text of the module."""
    board = load_board(BOARD)
    files = compiled_files(folder)
    graphs = [integer_graph(0, 64), *fitted_graphs()]
    built = [Built.make(graph, board, folder) for graph in graphs]
    images = [Image.load(one.elf) for one in built]
    network, layer = network_code(list(zip(graphs, images, strict=True)))
    first, linked, graph = built[0].network, sizes(images[0], board), graphs[0]
    kernels = {file for operator in graph.operators for file in kernel_files(operator)} | {"argmax_s32"}
    code = [symbol.size for symbol in images[0].symbols if symbol.name in _NETWORK_SYMBOLS]
    rom = linked.rom_bytes - sum(files[kernel].size for kernel in kernels) - sum(code)
    rom -= sum(map(constant_bytes, graph.operators)) + frontend_table_bytes(first.specification)
    ram = linked.ram_bytes - 2 * first.window - graph.input.bytes - 4 * first.specification.points
    ram -= predict_arena(graph)
    rows = "".join(f'        "{name}": {one.size},\n' for name, one in files.items())
    callers = "{" + ", ".join(f'"{name}"' for name, one in files.items() if one.copies) + "}"
    return _MODULE.format(
        rom=rom, ram=ram, network=network, layer=layer, files=rows, memcpy=memcpy_bytes(images), callers=callers
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures bytes of code.")
    parser.add_argument("--write", action="store_true", help="replace the table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = measure(Path(folder))
    if options.write:
        Path(code_size.__file__).write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
