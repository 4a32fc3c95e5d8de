"""Versions of what a benchmark's figures depend on."""

from __future__ import annotations

from .. import toolchain
from .cmsis_sources import Package

_WORDS = ("arm-none-eabi-gcc ", "QEMU emulator version ")


def tool_versions(*packages: Package) -> dict[str, str]:
    """Name to version of compiler, simulator and the packages that the compared sources come from."""
    versions = {}
    for tool in (toolchain.ARM_GCC, toolchain.QEMU):
        text = toolchain.version(tool)
        for words in _WORDS:
            text = text.removeprefix(words)
        versions[tool.program] = text
    return versions | {package.name: package.version for package in packages}
