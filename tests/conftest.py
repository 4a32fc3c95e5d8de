"""Fixtures of more than one room: C compiled for this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from proofboard_harness import toolchain
from proofboard_harness.build import firmware_folder

pytest_plugins = ["pytester"]

STRICT = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-ffp-contract=off", "-g"]
SANITISERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1"]

Compile = Callable[[str, Sequence[Path], Sequence[str]], Path]


@pytest.fixture(scope="session")
def compile_c(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """`compile_c(name, sources, options)`: a program, or with `-shared` a library, of the firmware's C.

    Fails where the compiler is missing: it is one of Proofboard's tools, and a skip would hide that it is not there.
    """
    compiler = toolchain.find(toolchain.HOST_CC)
    folder = tmp_path_factory.mktemp("c")

    def compile_one(name: str, sources: Sequence[Path], options: Sequence[str]) -> Path:
        product = folder / name
        firmware = firmware_folder()
        includes = [f"-I{firmware / 'include'}", f"-I{firmware / 'src'}"]
        subprocess.run([compiler, *STRICT, *options, *includes, *map(str, sources), "-o", str(product)], check=True)
        return product

    return compile_one


@pytest.fixture(scope="session")
def compile_sanitised(compile_c: Compile) -> Callable[[str, Sequence[Path]], Path]:
    """A program that stops at the first read or write outside an object and at the first undefined behaviour."""
    return lambda name, sources: compile_c(name, sources, SANITISERS)
