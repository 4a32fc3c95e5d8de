"""Compiles the cycle model: a plug-in of QEMU's translator for the QEMU that is installed, or a part of a library.

A shared library is kept in the user's cache under the hash of its sources and of what compiles it.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path

import platformdirs

from .. import toolchain
from ..errors import BenchFault, FirmwareFault
from ..seal import is_sealed, seal_of, write_seal

_FLAGS = ("-std=c11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden")
_VERSION = re.compile(r"version (\d+)\.(\d+)")
_OLDEST = (6, 0)


def sources_folder() -> Path:
    """The folder of the plug-in's C sources, in a checkout or an installed package."""
    return Path(str(resources.files("proofboard_harness.simulator"))) / "cycle_plugin"


def plugin_version(qemu: str) -> int:
    """The version of the plug-in interface to build for, from what `qemu-system-arm --version` prints.

    QEMU 9.0 raised the lowest version that it takes to 2; 9.1 changed qemu_plugin_insn_data, which is version 3.

    Raises:
        BenchFault: the text names no version, or a QEMU that is too old.
    """
    match = _VERSION.search(qemu)
    if match is None:
        raise BenchFault(f"QEMU tells no version: {qemu!r}")
    release = (int(match[1]), int(match[2]))
    if release < _OLDEST:
        raise BenchFault(f"QEMU {release[0]}.{release[1]} has no plug-ins that count", hint="install QEMU 7.2 or later")
    if release < (9, 0):
        return 1
    return 2 if release < (9, 1) else 3


def compile_plugin(version: int, target: Path, options: Sequence[str] = ()) -> None:
    """Compile the plug-in for a version of the interface into `target`, with further options of the compiler.

    Raises:
        ToolMissing: there is no C compiler for this machine.
        BenchFault: the compiler refused.
    """
    files = sorted(sources_folder().glob("*.c"))
    undefined = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    _compile(files, target, [*options, *undefined, f"-DPB_PLUGIN_VERSION={version}"])


def _compile(files: Sequence[Path], target: Path, options: Sequence[str]) -> None:
    command: list[str | Path] = [toolchain.find(toolchain.HOST_CC), *_FLAGS, *options, *files, "-o", target]
    try:
        toolchain.run(command, what="compiling the cycle model")
    except FirmwareFault as error:
        raise BenchFault(error.seen, hint="look at the C compiler of this machine, cc") from error


def build_plugin(cache: Path | None = None) -> Path:
    """The plug-in for the installed QEMU, compiled unless the cache has it.

    Args:
        cache: the folder for it; by default the one of the user.

    Raises:
        ToolMissing: QEMU or the C compiler is not there.
        BenchFault: QEMU is too old, or the cache can't be written.
    """
    qemu = toolchain.version(toolchain.QEMU)
    version = plugin_version(qemu)
    sources = sorted(sources_folder().glob("*.[ch]"))
    key = _key([qemu, toolchain.version(toolchain.HOST_CC), *_FLAGS], sources)
    return _cached(f"{key}.so", cache, lambda target: compile_plugin(version, target))


def build_library(name: str, files: Sequence[Path], folders: Sequence[Path], cache: Path | None = None) -> Path:
    """A shared library of this machine from C files and the headers in `folders`, compiled unless the cache has it.

    Args:
        name: the beginning of its file name.
        cache: the folder for it; by default the one of the user.

    Raises:
        ToolMissing: the C compiler is not there.
        BenchFault: the compiler refused, or the cache can't be written.
    """
    options = [f"-I{folder}" for folder in folders]
    headers = sorted(path for folder in folders for path in folder.glob("*.h"))
    key = _key([toolchain.version(toolchain.HOST_CC), *_FLAGS], [*files, *headers])
    return _cached(f"{name}-{key}.so", cache, lambda target: _compile(files, target, options))


def _key(words: Sequence[str], sources: Sequence[Path]) -> str:
    sha = hashlib.sha256("\0".join(words).encode() + b"\0")
    for path in sources:
        sha.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    return sha.hexdigest()[:24]


def _cached(name: str, cache: Path | None, compile_into: Callable[[Path], None]) -> Path:
    folder = (cache or _user_cache()) / "cycle-model"
    library = folder / name
    if is_sealed(library):
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            compiled = Path(temporary) / library.name
            compile_into(compiled)
            write_seal(compiled)
            seal_of(compiled).replace(seal_of(library))
            compiled.replace(library)
    except OSError as error:
        hint = "choose a folder you may write to with PROOFBOARD_CACHE=DIR"
        raise BenchFault(f"can't keep the cycle model: {error.strerror}", where=str(folder), hint=hint) from error
    return library


def _user_cache() -> Path:
    chosen = os.environ.get("PROOFBOARD_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("proofboard")
