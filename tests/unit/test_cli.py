"""The command line as a person meets it: every wrong thing is one clear error, and nothing is left half-written.

What needs a simulator is in tests/sim/test_run.py.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from board_example import METAL
from data_example import write_wav
from proofboard_harness import toolchain
from proofboard_harness.errors import BenchFault
from proofboard_harness.events import EventBus, JournalOpened
from proofboard_harness.resume import ResumeAdvice, candidate_command
from proofboard_harness.run_folder import JOURNAL, check_run_folder
from tones_example import Workshop, assert_one_error


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop.make(tmp_path)


def limit_file_size(size: int) -> Callable[[], None]:
    """What a full disk is to a program, without one: a write past `size` bytes of a file fails (EFBIG).

    Python ignores SIGXFSZ, the signal that comes with it.
    """
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def path_without(tmp_path: Path, *missing: str) -> str:
    """A PATH with all of Proofboard's tools but the `missing` ones."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in toolchain.TOOLS:
        if tool.program not in missing:
            (folder / tool.program).symlink_to(toolchain.find(tool))
    return str(folder)


@pytest.mark.parametrize("program", ["arm-none-eabi-gcc", "qemu-system-arm", "cc", "cmake", "ninja"])
def test_missing_tool_is_named_before_any_work(tmp_path: Path, program: str) -> None:
    workshop = Workshop.make(tmp_path)
    limited = Workshop(workshop.folder, workshop.cache, {"PATH": path_without(tmp_path, program)})
    done = limited.call(limited.run_command())
    assert_one_error(done, program, "apt-get install")
    assert done.stdout == ""
    assert workshop.run_folders() == []


def test_board_that_is_not_plugged_in_is_told_before_any_work(workshop: Workshop) -> None:
    (workshop.folder / "bench-board").mkdir()
    (workshop.folder / "bench-board" / "board.toml").write_text(METAL, encoding="utf-8")
    done = workshop.call(workshop.run_command("--board", "bench-board"))
    assert_one_error(done, "bench-board/board.toml: link", "'AB12'", "plug the board in")
    assert done.stdout == ""
    assert workshop.run_folders() == []


def test_renode_that_is_missing_is_told_before_any_work(workshop: Workshop, tmp_path: Path) -> None:
    limited = Workshop(workshop.folder, workshop.cache, {"PATH": path_without(tmp_path, "renode")})
    done = limited.call(limited.run_command("--board", "renode-ra6e1"))
    assert_one_error(done, "renode is not on the PATH", "github.com/renode")
    assert done.stdout == ""


def test_run_folder_that_may_not_be_written_to(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of the system, since a superuser may write wherever the file system lets it."""
    (tmp_path / JOURNAL).touch()
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode & os.W_OK))
    with pytest.raises(BenchFault, match="you may not write there") as caught:
        check_run_folder(tmp_path / "runs", tmp_path)
    assert caught.value.where == str(tmp_path)


def test_unknown_board(workshop: Workshop) -> None:
    done = workshop.call(workshop.run_command("--board", "qemu-nothing"))
    assert_one_error(done, "qemu-nothing", "qemu-mps2-an505", "board.toml")


@pytest.mark.parametrize("command", [["run"], ["data", "show"], ["data", "check"]])
def test_unknown_application(workshop: Workshop, command: list[str]) -> None:
    done = workshop.call(workshop.command(*command, "screem"))
    assert_one_error(done, "screem", "known: scream", ".toml")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("epochs = 2", "epoches = 2", ["tones.toml: train", "unknown key 'epoches'", "epochs"]),
        ("[stream]", "[steam]", ["tones.toml", "unknown key 'steam'", "stream"]),
        ("folds = 2", 'folds = "two"', ["tones.toml: train: folds", "expected int, found 'two'"]),
        ("folds = 2", "folds = true", ["tones.toml: train: folds", "expected int, found True"]),
        ("hop = 512", "hop = 0", ["tones.toml: frontend.hop", "0 is not in 1..512"]),
        ("hidden = [16, 8]", "hidden = [16, 8", ["tones.toml", "is not TOML", "line"]),
        ('scheme = "int8"', 'scheme = "int3"', ["int3", "int8"]),
    ],
)
def test_wrong_application_file(workshop: Workshop, before: str, after: str, words: list[str]) -> None:
    file = workshop.folder / "tones.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    assert_one_error(workshop.call(workshop.run_command()), *words)
    assert workshop.run_folders() == []


def test_application_file_that_is_no_text(workshop: Workshop) -> None:
    (workshop.folder / "tones.toml").write_bytes(b'name = "\xff\xfe"')
    assert_one_error(workshop.call(workshop.run_command()), "tones.toml", "is not UTF-8 text")


def test_application_file_that_is_not_there(workshop: Workshop) -> None:
    (workshop.folder / "tones.toml").unlink()
    assert_one_error(workshop.call(workshop.run_command()), "tones.toml", "No such file", "scream")


@pytest.mark.parametrize("wreck", [b"", b"RIFF", np.random.default_rng(1).bytes(3000)])
def test_corrupt_recording(workshop: Workshop, wreck: bytes) -> None:
    (workshop.folder / "tones" / "low" / "speaker1" / "2.wav").write_bytes(wreck)
    assert_one_error(workshop.call(workshop.run_command()), "low/speaker1/2.wav", "can't be decoded", "corrupt")
    assert list(workshop.cache.glob("datasets/*.npy")) == []


@pytest.mark.parametrize("command", [["run"], ["data", "show"], ["data", "check"]])
def test_empty_class_folder(workshop: Workshop, command: list[str]) -> None:
    shutil.rmtree(workshop.folder / "tones" / "high")
    (workshop.folder / "tones" / "high").mkdir()
    done = workshop.call(workshop.command(*command, "tones.toml", "--data", "tones"))
    assert_one_error(done, "tones/high", "class 'high' has no recordings", ".wav")


def test_one_recording_of_a_class_can_not_be_learnt_and_tested(workshop: Workshop) -> None:
    shutil.rmtree(workshop.folder / "tones" / "high")
    write_wav(workshop.folder / "tones" / "high" / "only.wav", np.full(16000, 1000, np.int16))
    assert_one_error(workshop.call(workshop.run_command()), "'high'", "group")


@pytest.mark.parametrize("command", [["run"], ["data", "show"]])
def test_application_without_recordings_of_its_own_wants_some(workshop: Workshop, command: list[str]) -> None:
    file = workshop.folder / "tones.toml"
    text, found = re.subn(r"(?m)^recipe = .*$", "", file.read_text(encoding="utf-8"))
    assert found == 1
    file.write_text(text, encoding="utf-8")
    done = workshop.call(workshop.command(*command, "tones.toml"))
    assert_one_error(done, "tones.toml: data.recipe", "names no recordings", "--data FOLDER")
    shown = workshop.call(workshop.command("data", "show", "tones.toml", "--data", "tones"))
    assert shown.returncode == 0, shown.stderr


def test_data_that_is_not_there(workshop: Workshop) -> None:
    done = workshop.call(workshop.run_command("--data", "no-such-folder"))
    assert_one_error(done, "no-such-folder", "no such file or folder", "one sub-folder per class")


@pytest.mark.parametrize("folder", ["tones", "nothing-here", "tones.toml"])
def test_resuming_what_is_no_run(workshop: Workshop, folder: str) -> None:
    done = workshop.call(workshop.run_command("--resume", folder))
    assert_one_error(done, folder, "no run that can be resumed", "earlier run")
    assert done.stdout == ""  # said before the long stations, not after them
    assert not (workshop.folder / "nothing-here").exists()


def test_faults_on_purpose_that_are_none(workshop: Workshop) -> None:
    unknown = workshop.call(workshop.run_command("--inject", "lost=1e-4"))
    assert_one_error(unknown, "--inject: unknown fault 'lost'", "known: delay, double, flip, loss, pull, reset, seed")
    certain = workshop.call(workshop.run_command("--inject", "loss=2"))
    assert_one_error(certain, "--inject: 'loss=2' is no probability below 1")
    assert workshop.run_folders() == []


@pytest.mark.parametrize("runs", ["tones.toml", "tones.toml/below", "/proc/runs"])
def test_place_that_can_not_hold_runs(workshop: Workshop, runs: str) -> None:
    done = workshop.call(workshop.run_command("--runs", runs))
    assert_one_error(done, runs, "can't hold run folders", "--runs DIR")
    assert done.stdout == ""


def test_cache_that_is_a_file(workshop: Workshop) -> None:
    workshop.cache.touch()
    assert_one_error(workshop.call(workshop.run_command()), str(workshop.cache), "PROOFBOARD_CACHE")


@pytest.mark.parametrize("size", [100, 100_000])
def test_disk_full_in_the_cache(workshop: Workshop, size: int) -> None:
    done = workshop.call(workshop.run_command(), limit_file_size(size))
    assert_one_error(done, str(workshop.cache), "can't be kept", "free some space")
    assert [path for path in workshop.cache.rglob("*") if path.is_file() and path.suffix != ".lock"] == []
    assert workshop.run_folders() == []
    shown = workshop.call(workshop.command("data", "show", "tones.toml", "--data", "tones"))
    assert shown.returncode == 0, shown.stderr


def test_ctrl_c_says_how_to_go_on(workshop: Workshop) -> None:
    """In the middle of training; while clips are streamed it names the run's folder: tests/sim/test_run.py."""
    process = workshop.start(workshop.run_command())
    out = workshop.folder / "out.txt"
    wait_until(lambda: "Train: started" in out.read_text(), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    errors = (workshop.folder / "err.txt").read_text()
    assert errors.startswith("interrupted: run the same command again"), errors
    assert "Traceback" not in errors
    assert "stopped after" in out.read_text()
    assert workshop.run_folders() == []


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not condition():
        assert process.poll() is None, "the run ended too early"
        time.sleep(0.05)


@pytest.mark.parametrize("arguments", [["run"], ["run", "scream", "--clips", "0"], ["fly"], ["boards", "--fast"]])
def test_wrong_usage(workshop: Workshop, arguments: list[str]) -> None:
    done = workshop.call(workshop.command(*arguments))
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_command(workshop: Workshop) -> None:
    done = workshop.call(workshop.command("--help"))
    assert done.returncode == 0
    for word in ("run", "data", "boards", "doctor", "sim"):
        assert f" {word} " in done.stdout
    assert "\x1b" not in done.stdout


def test_boards(workshop: Workshop) -> None:
    done = workshop.call(workshop.command("boards"))
    assert done.returncode == 0
    assert "qemu-mps2-an505" in done.stdout
    assert "1024 KiB" in done.stdout


def test_sim_of_an_unknown_board(workshop: Workshop) -> None:
    assert_one_error(workshop.call(workshop.command("sim", "--board", "nothing")), "nothing", "qemu-mps2-an505")


def test_data_show(workshop: Workshop) -> None:
    done = workshop.call(workshop.command("data", "show", "tones.toml", "--data", "tones"))
    assert done.returncode == 0, done.stderr
    assert "tones: 48 clips" in done.stdout
    rows = [line.split() for line in done.stdout.splitlines() if line.split()[:1] in (["train"], ["field"])]
    assert {(side, name) for side, name, *_ in rows} == {(s, n) for s in ("train", "field") for n in ("low", "high")}
    assert sum(int(row[4]) for row in rows) == 48


def test_brackets_in_names_are_no_markup(workshop: Workshop) -> None:
    """rich would take them for colours, and a closing one without its opening for an error."""
    file = workshop.folder / "tones.toml"
    text = file.read_text(encoding="utf-8").replace('["low", "high"]', '["[low]", "high [of] 5k"]')
    file.write_text(text.replace('positive = "high"', 'positive = "high [of] 5k"'), encoding="utf-8")
    data = (workshop.folder / "tones").rename(workshop.folder / "t[bold]")
    (data / "low").rename(data / "[low]")
    (data / "high").rename(data / "high [of] 5k")
    done = workshop.call(workshop.command("data", "show", "tones.toml", "--data", data.name))
    assert done.returncode == 0, done.stderr
    for word in ("t[bold]: 48 clips", "[low]", "high [of]"):
        assert word in done.stdout
    assert workshop.call(workshop.command("data", "check", "tones.toml", "--data", data.name)).returncode == 0


def test_data_check_holds(workshop: Workshop) -> None:
    done = workshop.call(workshop.command("data", "check", "tones.toml", "--data", "tones"))
    assert done.returncode == 0, done.stderr
    claims = done.stdout.splitlines()
    assert len(claims) >= 6
    assert all(claim.startswith("holds  ") for claim in claims)


def test_data_check_finds_a_copy_put_on_the_other_side(workshop: Workshop) -> None:
    """The stored set is tampered with: the check looks at samples, not at how they were made."""
    check = workshop.command("data", "check", "tones.toml", "--data", "tones")
    assert workshop.call(check).returncode == 0
    (sound,) = workshop.cache.glob("datasets/*.npy")
    pcm = np.load(sound)
    pcm[-1] = pcm[0]
    np.save(sound, pcm)
    done = workshop.call(check)
    assert done.returncode == 1
    assert "violations  no near-duplicates" in done.stdout
    assert "violations  the fingerprint" in done.stdout


def test_resume_advice_is_a_command_line_that_can_be_pasted() -> None:
    bus, advice = EventBus(), ResumeAdvice(["run", "my app.toml", "--clips", "3"])
    bus.subscribe(advice)
    assert not advice.resumable
    bus.publish(JournalOpened("runs/my app-1"))
    assert advice.resumable
    assert advice.text.endswith("proofboard run 'my app.toml' --clips 3 --resume 'runs/my app-1'")


def test_resume_advice_of_a_resumed_run_is_the_same_line() -> None:
    advice = ResumeAdvice(["run", "scream", "--resume", "runs/x"])
    advice(JournalOpened("runs/x"))
    assert advice.text.endswith("proofboard run scream --resume runs/x")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["compress", "scream"], "run scream"),
        (
            ["compress", "my app.toml", "--data", "x", "--max-rom=24k", "--out", "found", "--anew", "--trials", "3"],
            "run 'my app.toml' --data x --max-rom=24k --trials 3",
        ),
        (["compress", "--resume", "scream"], "run scream"),
        (["run", "scream", "--resume", "runs/x", "--candidate=4", "--max-ram", "9k"], "run scream --max-ram 9k"),
    ],
)
def test_candidates_are_deployed_with_the_budgets_and_data_of_their_search(arguments: list[str], line: str) -> None:
    assert candidate_command(arguments) == f"proofboard {line} --candidate NUMBER"


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (["--max-rom", "twelve"], "'twelve' is no number with a unit"),
        (["--max-latency", "0"], "'0' is too small"),
        (["--margin", "200"], "a margin of 200.0 points"),
    ],
)
@pytest.mark.parametrize("command", ["run", "compress"])
def test_budgets_that_are_none(workshop: Workshop, command: str, budget: list[str], words: str) -> None:
    assert_one_error(workshop.call(workshop.command(command, "tones.toml", "--data", "tones", *budget)), words)
    assert workshop.run_folders() == []


def test_version(workshop: Workshop) -> None:
    done = workshop.call(workshop.command("--version"))
    assert (done.returncode, done.stdout) == (0, f"proofboard {metadata.version('proofboard')}\n")


def test_output_into_a_closed_pipe_is_no_traceback(workshop: Workshop) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        workshop.command("boards"), env=workshop.env, stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert "Traceback" not in done.stderr
