"""The main job from the command line to the report, on a small application; and what a run survives.

Every run here is the real command as a process of its own, on a real simulator.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import shlex
import signal
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from proofboard_harness.spec import BoardSpec
from terminal_example import Terminal
from tones_example import BOARD, CLIPS, GROUPS, TAKES, Workshop, assert_one_error

pytestmark = pytest.mark.simulator

# The keys that the main job promises; docs/summary.md has the rest.
PROMISED: dict[str, Any] = {
    "app": str,
    "board": str,
    "clips": {"kfold": int, "field": int},
    "bit_exact": {"clips": int, "mismatches": int},
    "accuracy": {side: {"baseline": float, "compressed": float} for side in ("kfold", "field")},
    "rom_bytes": {"baseline": int, "compressed": int, "fixed": int},
    "ram_bytes": {"baseline": int, "compressed": int},
    "macs": {"baseline": int, "compressed": int},
    "cost": {
        part: {"predicted": int, "target": (int, float), "unit": str, "source": str} for part in ("frontend", "network")
    },
    "link": {"bytes": int, "seconds": float, "retransmits": int},
    "tools": dict,
}
FILES = ("summary.json", "report.html", "junit.xml", "results.sqlite", "dataset.lock.json", "ATTRIBUTION.md")


@dataclass(frozen=True)
class Finished:
    """A run that ended well."""

    output: str
    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return document

    @property
    def answers(self) -> list[tuple[Any, ...]]:
        """Image, clip, logits, class and layers' CRCs of every clip in the journal."""
        columns = "image, clip_id, target_logits, target_class, layer_crcs"
        return query(self.folder, f"SELECT {columns} FROM clip ORDER BY image, clip_id")


@pytest.fixture(scope="module")
def workshop(board_spec: BoardSpec, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    assert board_spec.name == BOARD
    return Workshop.make(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def first(workshop: Workshop) -> Finished:
    return finish(workshop)


def finish(workshop: Workshop, *arguments: str) -> Finished:
    """A run to its end; the folder is the one that its last line names."""
    done = workshop.call(workshop.run_command(*arguments))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    named = re.search(r"^Report: (.*)/report\.html$", done.stdout, re.MULTILINE)
    assert named is not None, done.stdout
    return Finished(done.stdout, workshop.folder / named[1])


def query(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(folder / "results.sqlite", timeout=10)) as connection:
        return connection.execute(sql).fetchall()


def test_plain_lines_where_stdout_is_no_terminal(first: Finished) -> None:
    assert "\x1b" not in first.output
    assert "\r" not in first.output
    for station in range(1, 11):
        assert f"[{station}/10]" in first.output
    for words in (
        "k-fold",
        "field",
        "ROM",
        "RAM",
        "MACs",
        f"Bit-exact: {2 * CLIPS} of {2 * CLIPS} clips, 0 mismatches",
    ):
        assert words in first.output


def test_every_file_is_there_and_whole(first: Finished) -> None:
    for name in FILES:
        assert (first.folder / name).stat().st_size > 0, name
    assert [path for path in first.folder.rglob("*") if path.name.endswith((".tmp", "-wal", "-shm"))] == []
    assert "Tone detector" in (first.folder / "report.html").read_text(encoding="utf-8")
    suite = ElementTree.parse(first.folder / "junit.xml").getroot()
    assert suite.findall(".//testcase")
    assert suite.findall(".//failure") == []
    lock = json.loads((first.folder / "dataset.lock.json").read_text(encoding="utf-8"))
    assert len(lock["clips"]) == 2 * GROUPS * TAKES


def test_summary_has_what_is_promised(first: Finished) -> None:
    def compare(promised: dict[str, Any], found: dict[str, Any], where: str) -> None:
        for key, kind in promised.items():
            value = found[key]
            if isinstance(kind, dict):
                compare(kind, value, f"{where}{key}.")
            else:
                assert isinstance(value, kind), f"{where}{key}: {value!r}"
                assert not isinstance(value, bool), f"{where}{key}"

    summary = first.summary
    compare(PROMISED, summary, "")
    assert (summary["app"], summary["board"]) == ("tones", BOARD)
    assert sum(summary["clips"].values()) == 2 * GROUPS * TAKES
    assert summary["bit_exact"]["clips"] == 2 * CLIPS
    assert summary["bit_exact"]["mismatches"] == 0
    assert summary["macs"]["baseline"] == 992 * 16 + 16 * 8 + 8 * 2
    assert summary["rom_bytes"]["fixed"] < summary["rom_bytes"]["compressed"] < summary["rom_bytes"]["baseline"]
    for side in ("kfold", "field"):
        for image in ("baseline", "compressed"):
            assert 0.5 < summary["accuracy"][side][image] <= 1.0
    for part in ("frontend", "network"):
        assert summary["cost"][part]["source"] == "modelled"
        assert summary["cost"][part]["unit"] == "cycles"
        lower, upper = summary["cost"][part]["interval"]
        assert lower == summary["cost"][part]["target"] < upper


def test_second_run_is_cached_and_says_the_same(workshop: Workshop, first: Finished) -> None:
    second = finish(workshop)
    assert second.folder != first.folder
    assert "Train: cached" in second.output
    for key in ("accuracy", "accuracy_target", "rom_bytes", "ram_bytes", "macs", "clips", "bit_exact"):
        assert second.summary[key] == first.summary[key], key
    assert second.answers == first.answers
    assert (second.folder / "compressed.elf").read_bytes() == (first.folder / "compressed.elf").read_bytes()


@contextlib.contextmanager
def run_in_background(workshop: Workshop) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A run in the midst of streaming, and its folder; at least two clips are in the journal."""
    before = set(workshop.run_folders())
    process = workshop.start(workshop.run_command())
    try:
        yield process, wait_for_journal(workshop, before, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_for_journal(workshop: Workshop, before: set[Path], process: subprocess.Popen[Any]) -> Path:
    def streamed() -> list[Path]:
        return [folder for folder in set(workshop.run_folders()) - before if clips_in(folder) >= 2]

    wait_until(lambda: bool(streamed()), process)
    return streamed()[0]


def clips_in(folder: Path) -> int:
    """Clips in the journal so far; none while it is being made."""
    if not (folder / "results.sqlite").is_file():
        return 0
    with contextlib.suppress(sqlite3.OperationalError):
        return int(query(folder, "SELECT COUNT(*) FROM clip")[0][0])
    return 0


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    while not condition():
        assert process.poll() is None, f"the run ended too early: {process.args}"
        time.sleep(0.02)


def simulators_of(pid: int) -> list[int]:
    """Process ids of the QEMUs that `pid` started."""
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            facts = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
            if facts["Name"].startswith("qemu-system") and int(facts["PPid"]) == pid:
                found.append(int(status.parent.name))
    return found


def assert_resumes(workshop: Workshop, folder: Path, first: Finished) -> None:
    """`--resume` keeps what was acknowledged, does the rest, and counts every clip once."""
    journalled = "SELECT image, clip_id, target_logits, received_at FROM clip ORDER BY arrival"
    kept = query(folder, journalled)
    resumed = finish(workshop, "--resume", str(folder))
    assert resumed.folder == folder
    rows = query(folder, journalled)
    assert 2 <= len(kept) < len(rows)
    assert rows[: len(kept)] == kept
    assert len(rows) == len({row[:2] for row in rows}) == 2 * CLIPS
    assert resumed.summary["bit_exact"] == {"clips": 2 * CLIPS, "mismatches": 0, "first_mismatch": ""}
    for image in ("baseline", "compressed"):
        assert resumed.summary["accuracy_target"][image]["clips"] == CLIPS
    assert resumed.answers == first.answers


def test_killed_run_loses_nothing_acknowledged(workshop: Workshop, first: Finished) -> None:
    with run_in_background(workshop) as (process, folder):
        (simulator,) = simulators_of(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    gone = time.monotonic() + 10
    while Path(f"/proc/{simulator}").exists() and time.monotonic() < gone:
        time.sleep(0.02)
    assert not Path(f"/proc/{simulator}").exists(), "the simulator outlived the run"
    assert not (folder / "summary.json").exists()
    assert_resumes(workshop, folder, first)


def test_simulator_that_dies_is_started_anew_within_the_run(workshop: Workshop, first: Finished) -> None:
    with run_in_background(workshop) as (process, folder):
        (simulator,) = simulators_of(process.pid)
        os.kill(simulator, signal.SIGKILL)
        code = process.wait(120)
    done = ended(workshop, code)
    assert code == 0, done.stdout + done.stderr
    assert "once more after: qemu-system-arm: the simulator died (signal 9)" in done.stdout
    survivor = Finished(done.stdout, folder)
    assert survivor.answers == first.answers
    assert survivor.summary["link"]["restarts"] == 1


def test_simulator_that_dies_again_and_again_is_named_and_the_run_can_go_on(
    workshop: Workshop, first: Finished
) -> None:
    with run_in_background(workshop) as (process, folder):
        while (code := process.poll()) is None:
            for simulator in simulators_of(process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(simulator, signal.SIGKILL)
            time.sleep(0.01)
    done = ended(workshop, code)
    assert_one_error(done, "qemu-system-arm", "the simulator died (signal 9)", f"--resume runs/{folder.name}")
    assert "stopped after" in done.stdout
    assert_resumes(workshop, folder, first)


def ended(workshop: Workshop, code: int) -> subprocess.CompletedProcess[str]:
    """What a run in the background said until it ended."""
    out, err = ((workshop.folder / name).read_text(encoding="utf-8") for name in ("out.txt", "err.txt"))
    return subprocess.CompletedProcess([], code, out, err)


def test_made_again_by_a_line_that_can_be_pasted(workshop: Workshop) -> None:
    spaced = workshop.folder / "my tones.toml"
    spaced.write_text((workshop.folder / "tones.toml").read_text(encoding="utf-8"), encoding="utf-8")
    options = ("--data", "tones", "--stress", "0", "--clips", "2", "--runs", "my runs")
    done = workshop.call(workshop.command("run", spaced.name, *options))
    assert done.returncode == 0, done.stderr
    (folder,) = (workshop.folder / "my runs").iterdir()
    record = json.loads((folder / "record.json").read_text(encoding="utf-8"))
    assert shlex.split(record["command"]) == ["proofboard", "run", spaced.name, *options]


def test_ctrl_c_names_the_folder_to_go_on_with(workshop: Workshop, first: Finished) -> None:
    with run_in_background(workshop) as (process, folder):
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert simulators_of(process.pid) == []
    errors = ended(workshop, 130).stderr
    assert errors.startswith("interrupted: ")
    assert len(errors.splitlines()) == 1, errors
    assert f"--resume runs/{folder.name}" in errors


def test_terminal_shows_the_live_dashboard(workshop: Workshop, first: Finished) -> None:
    terminal = Terminal.start(workshop, workshop.run_command())
    assert terminal.finish() == 0, terminal.text
    assert terminal.shown.count(b"\x1b[2K") > 20  # lines drawn over again
    assert b"\x1b[?25l" in terminal.shown
    assert terminal.shown.rindex(b"\x1b[?25h") > terminal.shown.rindex(b"\x1b[?25l")  # the cursor is back
    for words in ("Recordings", "Compressed on the target", "waiting", "clips,", "to go", "bit-exact"):
        assert words in terminal.text
    assert terminal.text.rstrip().endswith("report.html")
    assert "Traceback" not in terminal.text


def test_ctrl_c_in_a_terminal_leaves_it_in_order(workshop: Workshop, first: Finished) -> None:
    before = set(workshop.run_folders())
    terminal = Terminal.start(workshop, workshop.run_command())
    while not any(clips_in(folder) >= 2 for folder in set(workshop.run_folders()) - before):
        assert terminal.look(), terminal.text
    (folder,) = set(workshop.run_folders()) - before
    os.write(terminal.master, b"\x03")
    assert terminal.finish() == 130, terminal.text
    assert terminal.shown.rindex(b"\x1b[?25h") > terminal.shown.rindex(b"\x1b[?25l")
    assert f"--resume runs/{folder.name}" in terminal.text
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("victim", ["dataset.lock.json", "baseline.graph.npz", "baseline.elf"])
def test_disk_full_in_the_run_folder(workshop: Workshop, first: Finished, victim: str) -> None:
    """A file may not grow to the size of `victim`: what no longer fits is not there in part."""
    before = set(workshop.run_folders())
    size = (first.folder / victim).stat().st_size - 1
    done = workshop.call(workshop.run_command(), lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert_one_error(done, "runs/tones-", "free some space")
    (folder,) = set(workshop.run_folders()) - before
    assert not (folder / "results.sqlite").exists()
    for path in folder.rglob("*"):
        if path.is_file():
            assert path.stat().st_size == (first.folder / path.relative_to(folder)).stat().st_size, path


def test_disk_full_while_clips_are_streamed(workshop: Workshop, first: Finished) -> None:
    with run_in_background(workshop) as (process, folder):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, 1000))
        code = process.wait(60)
    assert_one_error(ended(workshop, code), "results.sqlite", "free some space", f"--resume runs/{folder.name}")
    assert not (folder / "summary.json").exists()
    assert_resumes(workshop, folder, first)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the journal, which SQLite may write to as it likes."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("results.sqlite"))
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.mark.parametrize("change", ["network", "board"])
def test_results_of_other_images_are_not_gone_on_with(workshop: Workshop, first: Finished, change: str) -> None:
    """Nothing of the run is overwritten before it is refused: its files still are what its results are of."""
    before, answers = contents(first.folder), first.answers
    text = (workshop.folder / "tones.toml").read_text(encoding="utf-8")
    other = text.replace("hidden = [16, 8]", "hidden = [12, 8]") if change == "network" else text
    board = BOARD if change == "network" else "virtual-ra6e1"
    (workshop.folder / "other.toml").write_text(other, encoding="utf-8")
    options = ("--data", "tones", "--stress", "0", "--board", board, "--resume", str(first.folder))
    assert_one_error(
        workshop.call(workshop.command("run", "other.toml", *options)), "results.sqlite", "start a new run"
    )
    assert contents(first.folder) == before
    assert first.answers == answers


def test_resuming_a_whole_run_claims_no_speed(workshop: Workshop, first: Finished) -> None:
    answers = first.answers
    again = finish(workshop, "--resume", str(first.folder))
    assert again.output.count(f"{CLIPS} clips, 0 not bit-exact, all from the journal") == 2
    assert (again.summary["link"]["bytes"], again.summary["link"]["bytes_per_second"]) == (0, 0)
    assert again.answers == answers
