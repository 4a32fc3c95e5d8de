"""Firmware images and host libraries from generated C: CMake and Ninja, cached by the content of all that goes in.

The build folder appears under its key only when the build has ended well, so an interrupted build leaves nothing
that could be taken for an image. A product that was changed since is built anew.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from . import toolchain
from .errors import BenchFault
from .seal import is_sealed, write_seal

_SOURCES = ("*.c", "*.h", "*.ld", "*.S", "*.cmake", "CMakeLists.txt", "board.toml")


@dataclass(frozen=True)
class Build:
    """A finished build. `product` is the ELF or the shared library; `cached` says that nothing was compiled."""

    product: Path
    generated: Path
    cached: bool


def firmware_folder() -> Path:
    """The folder of the C sources, in a checkout or an installed package."""
    return Path(str(resources.files("proofboard_firmware")))


def build_image(generated: Mapping[str, str], board_folder: Path, *, cache: Path) -> Build:
    """Build `image.elf` for a board.

    Args:
        generated: file name to text of the generated C.
        board_folder: boards/<name>.
        cache: folder that keeps builds.

    Raises:
        ToolMissing: compiler, CMake or Ninja is not there.
        FirmwareFault: the build failed.
    """
    options = [
        f"-DPROOFBOARD_BOARD={board_folder}",
        f"-DCMAKE_TOOLCHAIN_FILE={firmware_folder() / 'cmake' / 'cortex-m33.cmake'}",
    ]
    return _build(generated, toolchain.ARM_GCC, options, [board_folder], "image.elf", cache)


def image_identity(board_folder: Path) -> str:
    """What two images of the same generated C have in common: a hash of firmware, board and compiler."""
    return _key({}, [firmware_folder(), board_folder], [toolchain.version(toolchain.ARM_GCC), "image.elf"])


def build_host_library(generated: Mapping[str, str], *, cache: Path) -> Build:
    """Build the same front end and network as `libproofboard.so` for this machine."""
    return _build(generated, toolchain.HOST_CC, [], [], "libproofboard.so", cache)


def build_pipe(generated: Mapping[str, str], *, cache: Path) -> Build:
    """Build the whole application as `pipe`, a program of this machine: see `firmware/host/pipe_board.c`."""
    return _build(generated, toolchain.HOST_CC, [], [], "pipe", cache)


def _build(
    generated: Mapping[str, str],
    compiler: toolchain.Tool,
    options: list[str],
    folders: list[Path],
    product: str,
    cache: Path,
) -> Build:
    for tool in (compiler, toolchain.CMAKE, toolchain.NINJA):
        toolchain.find(tool)
    key = _key(generated, [firmware_folder(), *folders], [toolchain.version(compiler), product])
    folder = cache / "builds" / key
    if is_sealed(folder / "build" / product):
        return Build(folder / "build" / product, folder / "generated", cached=True)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{key}-") as name:
            work = Path(name) / "work"
            (work / "generated").mkdir(parents=True)
            for file_name, text in generated.items():
                (work / "generated" / file_name).write_text(text, encoding="utf-8")
            _run_cmake(work, options, product)
            write_seal(work / "build" / product)
            if not is_sealed(folder / "build" / product):  # else another run has built the same meanwhile
                shutil.rmtree(folder, ignore_errors=True)
                work.replace(folder)
    except OSError as error:
        raise BenchFault(f"can't write the build: {error.strerror}", where=str(cache), hint="free space") from error
    return Build(folder / "build" / product, folder / "generated", cached=False)


def _run_cmake(work: Path, options: list[str], product: str) -> None:
    source = firmware_folder()
    generated = f"-DPROOFBOARD_GENERATED={work / 'generated'}"
    configure: list[str | Path] = ["cmake", "-G", "Ninja", "-S", source, "-B", work / "build", generated, *options]
    toolchain.run(configure, what="configuring the build")
    toolchain.run(["cmake", "--build", work / "build", "--target", product], what="compiling")


def _key(generated: Mapping[str, str], folders: list[Path], words: list[str]) -> str:
    sha = hashlib.sha256("\0".join(words).encode())
    for name in sorted(generated):
        sha.update(f"{name}\0{generated[name]}\0".encode())
    for folder in folders:
        files = sorted({path for pattern in _SOURCES for path in folder.rglob(pattern)})
        for path in files:
            sha.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()[:24]
