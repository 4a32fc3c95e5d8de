"""Compiles the cycle model, a plug-in of QEMU's translator, for the QEMU that is installed.

The plug-in is one shared library, kept in the user's cache under the hash of its sources and of what compiles it.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import platformdirs

from .. import toolchain
from ..errors import BenchFault, FirmwareFault

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
    compiler = toolchain.find(toolchain.HOST_CC)
    undefined = ["-undefined", "dynamic_lookup"] if sys.platform == "darwin" else []
    files = sorted(sources_folder().glob("*.c"))
    command: list[str | Path] = [
        compiler,
        *_FLAGS,
        *options,
        *undefined,
        f"-DPB_PLUGIN_VERSION={version}",
        *files,
        "-o",
        target,
    ]
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
    sha = hashlib.sha256(f"{qemu}\0{toolchain.version(toolchain.HOST_CC)}\0{' '.join(_FLAGS)}\0".encode())
    for path in sorted(sources_folder().glob("*.[ch]")):
        sha.update(f"{path.name}\0".encode() + path.read_bytes() + b"\0")
    folder = (cache or _user_cache()) / "cycle-model"
    library = folder / f"{sha.hexdigest()[:24]}.so"
    if library.is_file():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as name:
            compiled = Path(name) / library.name
            compile_plugin(version, compiled)
            compiled.replace(library)
    except OSError as error:
        hint = "choose a folder you may write to with PROOFBOARD_CACHE=DIR"
        raise BenchFault(f"can't keep the cycle model: {error.strerror}", where=str(folder), hint=hint) from error
    return library


def _user_cache() -> Path:
    chosen = os.environ.get("PROOFBOARD_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("proofboard")
