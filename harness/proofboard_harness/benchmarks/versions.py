"""Versions of what a benchmark's figures depend on."""

from __future__ import annotations

from .. import toolchain
from .cmsis_sources import Package


def tool_versions(*packages: Package) -> dict[str, str]:
    """Name to version of compiler, simulator and the packages that the compared sources come from."""
    tools = {tool.program: toolchain.version(tool) for tool in (toolchain.ARM_GCC, toolchain.QEMU)}
    return tools | {package.name: package.version for package in packages}
