"""A whole application that trains in seconds: low and high tones, made on the spot, and its command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from data_example import RATE, write_wav
from proofboard_host.application import load_application

BOARD = "qemu-mps2-an505"
CLASSES = {"low": (150.0, 600.0), "high": (1500.0, 5000.0)}
GROUPS, TAKES = 6, 4
CLIPS = 4  # streamed to each image

_SETTINGS = {
    "name": '"tones"',
    "title": '"Tone detector"',
    "classes": '["low", "high"]',
    "positive": '"high"',
    "hidden": "[16, 8]",
    "folds": "2",
    "epochs": "2",
    "augmentations": "0",
    "scheme": '"int8"',  # no search
    "clips": str(CLIPS),
}


def application_text() -> str:
    """The shipped application's file with other settings, so that its shape is always today's."""
    text = load_application("scream").path.read_text(encoding="utf-8")
    for key, value in _SETTINGS.items():
        text, found = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert found == 1, key
    return text


def write_recordings(folder: Path) -> Path:
    """`GROUPS` × `TAKES` seconds of sound for each class: a tone that swells, in noise of its own."""
    rng = np.random.default_rng(3)
    time = np.arange(RATE) / RATE
    for name, (lowest, highest) in CLASSES.items():
        for group in range(GROUPS):
            for take in range(TAKES):
                phase = 2 * np.pi * (rng.uniform(lowest, highest) * time + rng.uniform())
                swell = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 9) * time)
                sound = rng.uniform(2000, 8000) * swell * np.sin(phase) + rng.normal(0, 1500, RATE)
                write_wav(folder / name / f"speaker{group}" / f"{take}.wav", sound.round().astype(np.int16))
    return folder


@dataclass(frozen=True)
class Workshop:
    """A folder to run `proofboard` in, with its own cache: `tones.toml` and the recordings `tones/` are there."""

    folder: Path
    cache: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path) -> Workshop:
        (folder / "tones.toml").write_text(application_text(), encoding="utf-8")
        write_recordings(folder / "tones")
        return cls(folder, folder / "cache")

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "proofboard_harness.cli", *arguments]

    def run_command(self, *arguments: str) -> list[str]:
        """The main job on the tones, with fewer stress clips than a user's."""
        common = ("tones.toml", "--data", "tones", "--board", BOARD, "--stress", "50")
        return self.command("run", *common, *arguments)

    @property
    def env(self) -> dict[str, str]:
        """No terminal settings of whoever runs the tests."""
        kept = {key: value for key, value in os.environ.items() if key not in ("FORCE_COLOR", "COLUMNS", "NO_COLOR")}
        return kept | {"PROOFBOARD_CACHE": str(self.cache)} | self.environment

    def call(
        self, command: Sequence[str], before: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end; `before` is called in the child before the program starts."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            preexec_fn=before,
            timeout=600,
            check=False,
        )

    def start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        """Run in a process group of its own, output into `out.txt` and `err.txt`."""
        with (self.folder / "out.txt").open("w") as out, (self.folder / "err.txt").open("w") as err:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.env,
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=heed_ctrl_c,
                text=True,
            )

    def run_folders(self) -> list[Path]:
        return sorted((self.folder / "runs").glob("*"))


def heed_ctrl_c() -> None:
    """A shell starts what it runs in the background deaf to SIGINT, and all its children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def assert_one_error(done: subprocess.CompletedProcess[str], *words: str, code: int = 1) -> None:
    """Exit code, one error that says all `words` (what, where, what to do), and nothing of Python's insides."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("error (") == 1, done.stderr
    assert done.stderr.startswith("error (")
    for word in words:
        assert word in done.stderr, done.stderr
