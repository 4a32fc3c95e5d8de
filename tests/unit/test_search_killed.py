"""A search that is killed without warning and begun again finds what an undisturbed one finds, to the last bit."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHILD = Path(__file__).with_name("search_child.py")


def search(folder: Path, *killed: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    command = [sys.executable, str(CHILD), str(folder), *killed]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)


def found(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return document


@pytest.mark.slow
def test_killed_and_resumed_is_the_same(tmp_path: Path) -> None:
    killed = search(tmp_path / "killed", "2")
    assert killed.returncode == -signal.SIGKILL
    assert not list((tmp_path / "killed").glob("searches/*/search.json"))
    assert list((tmp_path / "killed").glob("searches/*/candidate-001.answers.npz"))
    assert found(search(tmp_path / "killed")) == found(search(tmp_path / "whole"))
