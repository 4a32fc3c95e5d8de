"""Programs that must be on the PATH, and how to run them so that a failure is one clear error."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .errors import FirmwareFault, ToolMissing


@dataclass(frozen=True)
class Tool:
    """A program: what it is for, and the Debian or Ubuntu package that has it."""

    program: str
    purpose: str
    package: str
    version_option: str = "--version"


ARM_GCC = Tool("arm-none-eabi-gcc", "compiles firmware", "gcc-arm-none-eabi libnewlib-arm-none-eabi")
HOST_CC = Tool("cc", "compiles the same C for the host", "build-essential")
CMAKE = Tool("cmake", "configures builds", "cmake")
NINJA = Tool("ninja", "runs builds", "ninja-build")
QEMU = Tool("qemu-system-arm", "simulates boards", "qemu-system-arm")
APT_GET = Tool("apt-get", "fetches the recordings", "apt")
TOOLS = (ARM_GCC, HOST_CC, CMAKE, NINJA, QEMU, APT_GET)


def find(tool: Tool) -> Path:
    """The program's path.

    Raises:
        ToolMissing: it is not on the PATH.
    """
    path = shutil.which(tool.program)
    if path is None:
        raise ToolMissing(
            f"{tool.program} is not on the PATH: it {tool.purpose}", hint=f"sudo apt-get install {tool.package}"
        )
    return Path(path)


def version(tool: Tool) -> str:
    """First line of what the program says of its version."""
    done = subprocess.run([find(tool), tool.version_option], capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0].strip() if lines else "unknown"


def run(command: Sequence[str | Path], *, what: str) -> None:
    """Run a build step.

    Raises:
        FirmwareFault: it failed; the error carries the tail of what it printed.
    """
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        said = done.stdout + done.stderr
        tail = "\n    ".join(said.strip().splitlines()[-12:])
        hint = "the last lines above name the place"
        if "No space left on device" in said:
            hint = "the disk is full: free some space, or put the cache on another one with PROOFBOARD_CACHE=DIR"
        raise FirmwareFault(f"{what} failed with exit code {done.returncode}:\n    {tail}", hint=hint)
