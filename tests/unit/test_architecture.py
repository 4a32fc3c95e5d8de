"""Which room may know which: read from the import statements."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOST, HARNESS = ROOT / "host" / "proofboard_host", ROOT / "harness" / "proofboard_harness"
LONGEST = 400
BRIDGES = {"errors.py", "product.py"}
"""The modules of the harness that may know the host: the error tree, and where an application becomes an image."""


def sources(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, wherever in it; relative ones are its own package's."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


def test_there_is_something_to_examine() -> None:
    assert len(sources(HOST)) > 10
    assert len(sources(HARNESS)) > 10
    assert "proofboard_host" in roots(HARNESS / "errors.py")


@pytest.mark.parametrize("path", sources(HOST), ids=lambda path: str(path.relative_to(HOST)))
def test_host_knows_no_board(path: Path) -> None:
    assert not roots(path) & {"proofboard_harness", "proofboard_firmware", "proofboard_boards", "serial", "pyocd"}


@pytest.mark.parametrize("path", sources(HARNESS), ids=lambda path: str(path.relative_to(HARNESS)))
def test_harness_knows_the_host_in_two_modules_only(path: Path) -> None:
    if str(path.relative_to(HARNESS)) not in BRIDGES:
        assert not roots(path) & {"proofboard_host", "torch"}


@pytest.mark.parametrize("path", sources(HOST, HARNESS), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_from_tests(path: Path) -> None:
    helpers = {test.stem for test in sources(ROOT / "tests")} | {"tests", "pytest_mock", "hypothesis"}
    assert not roots(path) & helpers


@pytest.mark.parametrize("path", sources(HOST, HARNESS), ids=lambda path: str(path.relative_to(ROOT)))
def test_own_package_is_imported_relatively(path: Path) -> None:
    own = "proofboard_host" if path.is_relative_to(HOST) else "proofboard_harness"
    assert own not in roots(path)


def test_every_package_is_installed() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        setuptools = tomllib.load(file)["tool"]["setuptools"]
    folders = {name: ROOT / folder for name, folder in setuptools["package-dir"].items()}
    found = set()
    for name, folder in folders.items():
        for marker in folder.rglob("__init__.py"):
            found.add(".".join([name, *marker.parent.relative_to(folder).parts]))
    assert set(setuptools["packages"]) == found


def every_source() -> list[Path]:
    """Python and C, tests included."""
    native = [path for room in ("firmware", "boards", "tests") for path in (ROOT / room).rglob("*.[ch]")]
    return sorted([*sources(HOST, HARNESS, ROOT / "tests"), *native])


def test_no_file_is_too_long() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in every_source()}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def mutable_globals(path: Path) -> Iterator[str]:
    """Names rebound by `global`: state that a second user of the module would share."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Global):
            yield from node.names


@pytest.mark.parametrize("path", sources(HOST, HARNESS), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_keeps_state(path: Path) -> None:
    assert list(mutable_globals(path)) == []


def catch_alls(path: Path) -> Iterator[int]:
    """Lines that catch every exception, bugs included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            names = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
            if any(name is None or (isinstance(name, ast.Name) and name.id == "Exception") for name in names):
                yield node.lineno


@pytest.mark.parametrize("path", sources(HOST, HARNESS), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_bug_is_swallowed(path: Path) -> None:
    assert list(catch_alls(path)) == []
